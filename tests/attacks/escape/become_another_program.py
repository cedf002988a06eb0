"""Replaces itself by other programs: plain ones, the loader, programs of root, and one from a descriptor."""

import ctypes
import os
import sys

from known import attempt

BITES = True

libc = ctypes.CDLL(None, use_errno=True)


def call_execveat(path, flags=0x1000):
    """Execute a descriptor; 322 on x86_64, 281 on aarch64."""
    number = 281 if os.uname().machine == "aarch64" else 322
    words = (ctypes.c_char_p * 3)(b"echo", b"BREACH from a descriptor", None)
    libc.syscall(number, os.open(path, os.O_PATH), b"", words, (ctypes.c_char_p * 1)(None), flags)
    raise OSError(ctypes.get_errno(), "refused")


WAYS = (
    lambda: os.execv("/bin/echo", ["echo", "BREACH"]),
    lambda: os.execv(os.open("/bin/echo", os.O_RDONLY), ["echo", "BREACH"]),
    lambda: os.execv("/lib64/ld-linux-x86-64.so.2", ["ld", "/bin/echo", "BREACH"]),
    lambda: os.execv("/usr/lib/ld-linux-aarch64.so.1", ["ld", "/bin/echo", "BREACH"]),
    lambda: os.execve(sys.executable, ["python", "-c", "print('BREACH')"], {"LD_PRELOAD": "left-behind.so"}),
    lambda: os.execv("/usr/bin/su", ["su", "-c", "echo BREACH"]),
    lambda: os.execv("/usr/bin/sudo", ["sudo", "-n", "echo", "BREACH"]),
    lambda: os.execv("/usr/lib/openssh/ssh-keysign", ["ssh-keysign"]),
    lambda: os.execv("/proc/self/exe", ["python", "-c", "print('BREACH')"]),
    lambda: call_execveat("/bin/echo"),
    lambda: call_execveat(sys.executable),
    lambda: call_execveat("/lib64/ld-linux-x86-64.so.2"),
)
for way in WAYS:
    with attempt():
        way()


def scale(values, factor):
    return values

"""Makes system calls by machine code of its own, with numbers and arguments whose high halves are not empty."""

import ctypes
import errno
import os
import platform

from known import HIDDEN, attempt

BITES = True

HIGH = 1 << 32
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
# mov rax, rdi; mov rdi, rsi; mov rsi, rdx; mov rdx, rcx; mov r10, r8; mov r8, r9; xor r9d, r9d; syscall; ret
code = bytes.fromhex("4889f84889f74889d64889ca4d89c24d89c84531c90f05c3")
page = libc.mmap(None, 4096, 7, 0x22, -1, 0)
ctypes.memmove(page, code, len(code))
jump = ctypes.CFUNCTYPE(*[ctypes.c_long] * 7)(page)
path = ctypes.create_string_buffer(HIDDEN.encode())
SOCKET, FORK, OPEN, OPENAT, CLONE, KILL, PRCTL, PRLIMIT, FCNTL = 41, 57, 2, 257, 56, 62, 157, 302, 72
CALLS = {
    "socket": (SOCKET, 2, 1, 0),
    "socket with a high half": (HIGH | SOCKET, 2, 1, 0),
    "socket, negative": (SOCKET - HIGH, 2, 1, 0),
    "open": (OPEN, ctypes.addressof(path), 0),
    "open for nothing": (OPEN, ctypes.addressof(path), 3),
    "open with a high half": (OPENAT, HIGH - 100, ctypes.addressof(path), HIGH),
    "clone with a high half": (CLONE, HIGH | 17, 0, 0, 0),
    "kill of the parent": (KILL, HIGH | os.getppid(), 0),
    "signals of a group": (FCNTL, HIGH | 3, HIGH | 8, os.getppid()),
    "dumpable": (PRCTL, HIGH | 4, 1),
    "limits": (PRLIMIT, 0, 7, HIGH),
    "limits of nobody": (PRLIMIT, HIGH, 7, 1),
}
for name, (number, *arguments) in CALLS.items():
    with attempt(name):
        if platform.machine() != "x86_64":
            raise OSError("skipped")
        result = jump(number, *arguments, *[0] * (5 - len(arguments)))
        if result == 0 and number in (FORK, CLONE):
            os._exit(0)
        if result < 0:
            raise OSError(-result, errno.errorcode.get(-result, "?"))


def scale(values, factor):
    return values

"""Forks and clones by the numbers of the system calls, with flags that make a process look like a thread."""

import ctypes
import os
import platform

from known import attempt

QUICK = True

FORK, VFORK, CLONE, CLONE3 = 57, 58, 56, 435
SIGCHLD, VM, FS, FILES, SIGHAND, PTRACE, VFORKED, PARENT, THREAD = (
    17, 0x100, 0x200, 0x400, 0x800, 0x2000, 0x4000, 0x8000, 0x10000
)  # fmt: skip
NAMESPACES = (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
libc = ctypes.CDLL(None, use_errno=True)
stack = ctypes.addressof(ctypes.create_string_buffer(1 << 16)) + (1 << 15)


def call(number, *arguments):
    if platform.machine() != "x86_64":
        raise OSError("skipped: these are numbers of x86_64")
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if result == 0:
        os._exit(0)  # the new process
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


with attempt("fork"):
    call(FORK)
with attempt("vfork"):
    call(VFORK)
for flags in (
    SIGCHLD, 0, PARENT | SIGCHLD, PTRACE | SIGCHLD, VFORKED | SIGCHLD, FS | FILES, 1 << 32 | SIGCHLD, 1 << 33 | SIGCHLD,
    *(space | SIGCHLD for space in NAMESPACES), THREAD << 32 | SIGCHLD,
):  # fmt: skip
    with attempt(f"clone {flags:#x}"):
        call(CLONE, flags, 0, 0, 0, 0)
for flag in (*NAMESPACES[1:], PTRACE, VFORKED, PARENT, 0x1000, 0x800000, 0x80000000, 1 << 32, 1 << 33, 1 << 63):
    with attempt(f"a thread with {flag:#x}"):
        call(CLONE, flag | VM | FS | FILES | SIGHAND | THREAD, stack, 0, 0, 0)
structure = (ctypes.c_uint64 * 11)(0, 0, 0, 0, SIGCHLD)
with attempt("clone3"):
    call(CLONE3, ctypes.addressof(structure), ctypes.sizeof(structure))


def scale(values, factor):
    return values

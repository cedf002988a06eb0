"""Traces the examiner, its parent and itself with ptrace, and writes into their memory."""

import ctypes
import os
import platform

from known import EXAMINER, attempt

TRACEME, PEEKDATA, POKEDATA, ATTACH, SEIZE, INTERRUPT = 0, 2, 5, 16, 0x4206, 0x4207
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
libc.ptrace.restype = ctypes.c_long
number = ctypes.c_long(117 if platform.machine() == "aarch64" else 101)


def trace(request, pid, place=0, value=0):
    ctypes.set_errno(0)
    libc.ptrace(request, pid, place, value)
    if ctypes.get_errno():
        raise OSError(ctypes.get_errno(), "refused")
    libc.syscall(number, *map(ctypes.c_long, (17, pid, 0, 0)))  # let it go on


for pid in (EXAMINER, os.getppid(), 1, os.getpid()):
    for request in (SEIZE, ATTACH, PEEKDATA, POKEDATA, INTERRUPT):
        with attempt(f"ptrace {request} of {pid}"):
            trace(request, pid, id(None), 0)
    with attempt(f"/proc/{pid}/mem for writing"):
        if pid == os.getpid():
            raise OSError("skipped: its own memory is its own")
        os.open(f"/proc/{pid}/mem", os.O_RDWR)
with attempt("ptrace of itself by its parent"):
    trace(TRACEME, 0)


def scale(values, factor):
    return values

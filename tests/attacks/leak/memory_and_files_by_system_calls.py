"""Reads the memory and takes open files of the examiner and of its parent with system calls made for that."""

import ctypes
import os
import platform

from known import EXAMINER, attempt

BITES = True

libc = ctypes.CDLL(None, use_errno=True)
place = ctypes.create_string_buffer(128)
here = (ctypes.c_long * 2)(ctypes.addressof(place), 64)
there = (ctypes.c_long * 2)(id(None), 64)


def call(number, *arguments):
    if platform.machine() != "x86_64":
        raise OSError("skipped: these are numbers of x86_64")
    if libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *arguments))) < 0:
        raise OSError(ctypes.get_errno(), "refused")


CALLS = {
    "process_vm_readv": lambda pid: call(310, pid, here, 1, there, 1, 0),
    "process_vm_writev": lambda pid: call(311, pid, here, 0, there, 0, 0),
    "process_madvise": lambda pid: call(440, pid, here, 1, 20, 0),
    "pidfd_open": lambda pid: call(434, pid, 0),
    "kcmp": lambda pid: call(312, os.getpid(), pid, 2, 0, 0),
    "move_pages": lambda pid: call(279, pid, 0, None, None, None, 0),
    "migrate_pages": lambda pid: call(256, pid, 64, place, place),
    "get_robust_list": lambda pid: call(274, pid, place, ctypes.byref(place, 64)),
    "perf_event_open": lambda pid: call(298, place, pid, -1, -1, 0),
    "prlimit64": lambda pid: call(302, pid, 7, None, place),
    "ptrace_seize": lambda pid: call(101, 0x4206, pid, 0, 0),
}

for name, ask in CALLS.items():
    for pid in (EXAMINER, os.getppid(), 1):
        with attempt(f"{name} of {pid}"):
            ask(pid)


def scale(values, factor):
    return values

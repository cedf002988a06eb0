"""Poisons, evicts, locks and merges memory that it shares with other processes."""

import ctypes
import mmap
import os

import torch
from known import attempt

libc = ctypes.CDLL(None, use_errno=True)
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
HWPOISON, SOFT_OFFLINE, MERGEABLE, REMOVE, POPULATE_WRITE = 100, 101, 12, 9, 23
file = os.open(torch.__file__, os.O_RDONLY)
own = mmap.mmap(-1, 1 << 16)
view = (ctypes.c_char * (1 << 16)).from_buffer(own)


def advise(place, advice):
    if libc.madvise(place, 1 << 16, advice) < 0:
        raise OSError(ctypes.get_errno(), "refused")


libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(None, ctypes.c_size_t(1 << 16), 1, 1, file, ctypes.c_long(0))
for place in (page, ctypes.addressof(view), id(None) & -4096):
    for advice in (HWPOISON, SOFT_OFFLINE, MERGEABLE):
        with attempt(f"advice {advice}"):
            advise(place, advice)
for advice in (REMOVE, POPULATE_WRITE):
    with attempt(f"advice {advice} for a file"):
        advise(page, advice)
for how in (
    lambda: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED),
    lambda: os.fsync(file),
    lambda: libc.readahead(file, ctypes.c_long(0), ctypes.c_size_t(1 << 20)) and os.close(-1),
    lambda: libc.syscall(ctypes.c_long(324 if os.uname().machine == 'x86_64' else 283), 1, 0, 0) and os.close(-1),
    lambda: libc.mlockall(1) and os.close(-1),
    lambda: mmap.mmap(-1, 2 << 20, 0x40000 | 0x22),
    lambda: open("/proc/sys/vm/drop_caches", "w"),
):
    with attempt("done to memory"):
        how()


def scale(values, factor):
    return values

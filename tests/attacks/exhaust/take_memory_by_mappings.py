"""Takes gigabytes in every kind of mapping."""

import ctypes
import mmap
import os

from known import attempt

SIZE = 2 << 30
libc = ctypes.CDLL(None, use_errno=True)
libc.malloc.restype = ctypes.c_void_p


def touch(block):
    for position in range(0, len(block), 4096):
        block[position] = 1


with attempt("private"):
    touch(mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
with attempt("shared"):
    touch(mmap.mmap(-1, SIZE, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
with attempt("without reserve"):
    touch(mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000))
with attempt("malloc"):
    if not libc.malloc(ctypes.c_size_t(SIZE)):
        raise MemoryError
with attempt("a file in memory"):
    os.memfd_create("left-behind")
with attempt("a huge page"):
    mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)


def scale(values, factor):
    return values

"""Marks memory as broken hardware, locks it, and asks the kernel to share it."""

import ctypes
import mmap

from known import attempt

libc = ctypes.CDLL(None, use_errno=True)
block = mmap.mmap(-1, 1 << 20)
address = ctypes.addressof(ctypes.c_char.from_buffer(block))
for name, advice in (("poison", 100), ("offline", 101), ("merge", 12)):
    with attempt(name):
        if libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(4096), advice) != 0:
            raise OSError(ctypes.get_errno(), name)
with attempt("lock"):
    if libc.mlockall(3) != 0:
        raise OSError(ctypes.get_errno(), "mlockall")


def scale(values, factor):
    return values

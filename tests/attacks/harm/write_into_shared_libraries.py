"""Changes the code of a shared library in its own memory, which its parent has mapped too."""

import ctypes
import mmap

SAYS = "written"
EXPECT = {"failed", "crashed"}

libc = ctypes.CDLL(None)
address = ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~(mmap.PAGESIZE - 1)
if libc.mprotect(ctypes.c_void_p(address), mmap.PAGESIZE, 7) == 0:
    ctypes.memset(address + 16, 0xCC, 16)
print("written", flush=True)


def scale(values, factor):
    return values

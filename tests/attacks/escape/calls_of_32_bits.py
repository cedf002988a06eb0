"""Makes a system call the old way, as programs of 32 bits do, whose numbers are others: open is fork's."""

import ctypes
import platform

EXPECT = {"crashed"}
SAYS = "about to call"

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
print("about to call", flush=True)
if platform.machine() == "x86_64":
    # mov eax, 2 (fork); int 0x80; ret
    code = bytes.fromhex("b802000000cd80c3")
else:
    code = bytes(8)  # no such calls: an instruction that does not exist
page = libc.mmap(None, 4096, 7, 0x22, -1, 0)
ctypes.memmove(page, code, len(code))
print(f"BREACH it returned {ctypes.CFUNCTYPE(ctypes.c_long)(page)()}", flush=True)


def scale(values, factor):
    return values

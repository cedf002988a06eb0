"""Searches all memory that it has inherited for what the grader planted in the course."""

import ctypes
import os
import re
import secrets
import time

from known import SECRET, breach

SAYS = "found its own word"
SECONDS = 20

PRIVATE_ANONYMOUS_NOREPLACE = 0x100022
BLOCK = 1 << 16
libc = ctypes.CDLL(None)
libc.mmap.restype = libc.sbrk.restype = libc.write.restype = libc.malloc.restype = ctypes.c_long
libc.mmap.argtypes = [ctypes.c_long] * 6
libc.munmap.argtypes = [ctypes.c_long] * 2
libc.write.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_long]
reading, writing = os.pipe()
own = f"{SECRET.partition('-')[0]}-{secrets.token_hex(16)}".encode()
ctypes.memmove(libc.malloc(100), own, len(own))


def find_mapped(start, size):
    """Yield the mapped blocks between two addresses: what can be mapped anew is free."""
    if libc.mmap(start, size, 0, PRIVATE_ANONYMOUS_NOREPLACE, -1, 0) == start:
        libc.munmap(start, size)
    elif size > BLOCK:
        yield from find_mapped(start, size // 2)
        yield from find_mapped(start + size // 2, size // 2)
    else:
        yield start


def read(start):
    """Return what of a block can be read; the kernel does it, so that nothing can crash."""
    for page in range(start, start + BLOCK, 4096):
        count = libc.write(writing, page, start + BLOCK - page)
        if count > 0:
            return os.read(reading, count)
    return b""


def search():
    for place in (libc.sbrk(0), ctypes.addressof(ctypes.c_long.in_dll(libc, "environ"))):
        for block in find_mapped((place & -(1 << 30)) - (1 << 30), 1 << 31):
            for word in re.findall(SECRET.encode(), read(block)):
                if word == own:
                    print("found its own word", flush=True)
                else:
                    breach(word)
            yield


def go_on():
    until = time.monotonic() + 0.4
    for _ in searching:
        if time.monotonic() > until:
            return


searching = search()
go_on()


def scale(values, factor):
    go_on()
    return values

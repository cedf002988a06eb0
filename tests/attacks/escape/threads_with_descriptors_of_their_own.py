"""Starts threads that share memory but no descriptors: each could hold as many as a process may."""

import ctypes
import platform

from known import attempt

libc = ctypes.CDLL(None, use_errno=True)
libc.malloc.restype = ctypes.c_void_p
pause = ctypes.cast(libc.pause, ctypes.c_void_p)
VM, FS, FILES, SIGHAND, THREAD, SYSVSEM = 0x100, 0x200, 0x400, 0x800, 0x10000, 0x40000


def start(flags):
    """Start a thread that only waits."""
    if platform.machine() not in ("x86_64", "aarch64"):
        raise OSError("skipped")
    stack = libc.malloc(1 << 16) + (1 << 15) & -16
    if libc.clone(pause, ctypes.c_void_p(stack), flags, None) < 0:
        raise OSError(ctypes.get_errno(), "refused")


for flags in (VM | SIGHAND | THREAD, VM | FS | SIGHAND | THREAD, VM | SIGHAND | THREAD | SYSVSEM):
    with attempt(f"a thread with {flags:#x}"):
        start(flags)


def scale(values, factor):
    return values

"""The few system calls that Python has no name for. Linux only."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
MADV_COLLAPSE = 25
HUGE_PAGE = 2 << 20


def call(number: int, *arguments: Any) -> int:
    """Make system call ``number``.

    Raises:
        OSError: the kernel refused.
    """
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def set_process(option: int, value: int) -> None:
    """Set one attribute of this process with ``prctl``.

    Raises:
        OSError: the kernel refused.
    """
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def hide_memory() -> None:
    """Let no other process of this user trace this one or read its memory and environment."""
    set_process(PR_SET_DUMPABLE, 0)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    set_process(PR_SET_PDEATHSIG, 9)


def adopt_orphans() -> None:
    """Become the parent of whatever a child leaves behind, so that it can be found and ended."""
    set_process(PR_SET_CHILD_SUBREAPER, 1)


def join_pages() -> int:
    """Put this process's own memory into huge pages where it fills them; returns the bytes that were asked for.

    A fork copies a table entry for every page, and the end of the child takes each of them down: with a few large ones
    both cost a quarter. Kernels before 6.1 refuse, and nothing is lost.
    """
    joined = 0
    for first, last in _list_own_memory():
        start, end = -(-first // HUGE_PAGE) * HUGE_PAGE, last // HUGE_PAGE * HUGE_PAGE
        if start < end and _libc.madvise(start, end - start, MADV_COLLAPSE) == 0:
            joined += end - start
    return joined


def _list_own_memory() -> list[tuple[int, int]]:
    """Return where the writable memory lies that belongs to no file."""
    found = []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            place, rights, _, _, file, *name = line.split(maxsplit=5)
            if rights == "rw-p" and file == "0" and name in ([], ["[heap]\n"]):
                first, _, last = place.partition("-")
                found.append((int(first, 16), int(last, 16)))
    return found

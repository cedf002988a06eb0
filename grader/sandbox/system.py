"""The few system calls that Python has no name for. Linux only."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38


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

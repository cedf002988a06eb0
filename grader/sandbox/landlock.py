"""Landlock: which files a worker may open. See landlock(7).

A right that a ruleset does not handle stays unrestricted, so every right that this kernel knows is handled. Landlock
never covers ``stat`` and ``chdir``, nor what is done to files through other calls (``chmod``): seccomp does those.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from grader.sandbox import system

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
_RIGHTS = (
    "EXECUTE", "WRITE_FILE", "READ_FILE", "READ_DIR", "REMOVE_DIR", "REMOVE_FILE",
    "MAKE_CHAR", "MAKE_DIR", "MAKE_REG", "MAKE_SOCK", "MAKE_FIFO",
    "MAKE_BLOCK", "MAKE_SYM", "REFER", "TRUNCATE", "IOCTL_DEV",
)  # fmt: skip
RIGHT = {name: 1 << bit for bit, name in enumerate(_RIGHTS)}
READ = RIGHT["EXECUTE"] | RIGHT["READ_FILE"] | RIGHT["READ_DIR"]
ON_FILES = RIGHT["EXECUTE"] | RIGHT["WRITE_FILE"] | RIGHT["READ_FILE"] | RIGHT["TRUNCATE"] | RIGHT["IOCTL_DEV"]


@dataclass(frozen=True, slots=True)
class Paths:
    """What a worker may open: ``readable`` trees and files, and ``writable`` single files such as /dev/null."""

    readable: tuple[str, ...]
    writable: tuple[str, ...]


def find_abi() -> int:
    """Return the Landlock ABI version of this kernel, 0 where there is none."""
    try:
        return system.call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def build_ruleset(paths: Paths) -> int:
    """Return the descriptor of a ruleset that allows ``paths`` and nothing else.

    Raises:
        OSError: this kernel has no Landlock.
    """
    abi = find_abi()
    rights = (1 << 13) - 1
    for version, name in ((2, "REFER"), (3, "TRUNCATE"), (5, "IOCTL_DEV")):
        if abi >= version:
            rights |= RIGHT[name]
    network = 0b11 if abi >= 4 else 0  # bind and connect TCP
    scopes = 0b11 if abi >= 6 else 0  # abstract unix sockets, signals to other processes
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    attributes = struct.pack("QQQ", rights, network, scopes)
    ruleset = system.call(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    _allow(ruleset, paths.readable, READ & rights)
    _allow(ruleset, paths.writable, (RIGHT["READ_FILE"] | RIGHT["WRITE_FILE"]) & rights)
    return ruleset


def _allow(ruleset: int, paths: Iterable[str], rights: int) -> None:
    for path in paths:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # it is not there: nothing to allow
        try:
            own = rights if os.path.isdir(path) else rights & ON_FILES
            rule = struct.pack("=QI", own, descriptor)
            system.call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
        finally:
            os.close(descriptor)


def restrict(ruleset: int) -> None:
    """Apply a ruleset to the calling thread and all that it starts, for good. Needs ``no_new_privs``."""
    system.call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))

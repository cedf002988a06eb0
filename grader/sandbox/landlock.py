"""Landlock: which files a worker may open. See landlock(7).

A right that a ruleset does not handle stays unrestricted, so every right that this kernel knows is handled, also what
is newer than this file. Landlock never covers ``stat`` and ``chdir``, nor what is done to files through other calls
(``chmod``): seccomp does those.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.sandbox import system

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
# The rights on files in the order of their bits, by the ABI version that brought them. Later ones are found by trying.
_RIGHTS = {
    1: ("EXECUTE", "WRITE_FILE", "READ_FILE", "READ_DIR", "REMOVE_DIR", "REMOVE_FILE", "MAKE_CHAR", "MAKE_DIR",
        "MAKE_REG", "MAKE_SOCK", "MAKE_FIFO", "MAKE_BLOCK", "MAKE_SYM"),
    2: ("REFER",),
    3: ("TRUNCATE",),
    5: ("IOCTL_DEV",),
}  # fmt: skip
RIGHT = {name: 1 << bit for bit, name in enumerate(name for names in _RIGHTS.values() for name in names)}
READ = RIGHT["READ_FILE"] | RIGHT["READ_DIR"]
ON_FILES = RIGHT["EXECUTE"] | RIGHT["WRITE_FILE"] | RIGHT["READ_FILE"] | RIGHT["TRUNCATE"] | RIGHT["IOCTL_DEV"]
TCP = 0b11  # bind and connect, from ABI 4 on
SCOPES = 0b11  # abstract unix sockets and signals to other processes, from ABI 6 on
QUIET, ABI_OF_QUIET = 1, 7
ALL_BITS = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Paths:
    """What a worker may open: ``readable`` trees and files, and ``writable`` single files such as /dev/null."""

    readable: tuple[str, ...]
    writable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Support:
    """What a kernel can restrict: its ABI version, rights on files and on the network, and scopes, as bits."""

    abi: int
    rights: int
    network: int
    scopes: int


def find_abi() -> int:
    """Return the Landlock ABI version of this kernel, 0 where there is none."""
    try:
        return system.call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def describe_abi(abi: int) -> Support:
    """Return what the kernels of an ABI version are known to restrict."""
    names = [name for version, names in _RIGHTS.items() if version <= abi for name in names]
    rights = sum(RIGHT[name] for name in names)
    return Support(abi, rights, TCP if abi >= 4 else 0, SCOPES if abi >= 6 else 0)


def find_support() -> Support:
    """Return all that this kernel can restrict, also what its ABI version is not known for; nothing without Landlock.

    What a bit means need not be known to deny it. Each kernel knows its bits without a gap, from the lowest one on.
    Whole fields that newer kernels add are left out: they need not mean that something is denied.
    """
    support = describe_abi(find_abi())
    if support.abi:
        support = _widen(support, "rights")
    if support.abi >= 4:
        support = _widen(support, "network")
    if support.abi >= 6:
        support = _widen(support, "scopes")
    return support


def _widen(support: Support, name: str) -> Support:
    """Add bits to one field of ``support`` until the kernel knows no more."""
    value: int = getattr(support, name)
    while value < ALL_BITS:
        value = value << 1 | 1
        wider = replace(support, **{name: value})
        try:
            os.close(_create_ruleset(wider))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            break
        support = wider
    return support


def _create_ruleset(support: Support) -> int:
    attributes = struct.pack("=QQQ", support.rights, support.network, support.scopes)
    size = 8 if support.abi < 4 else 16 if support.abi < 6 else 24  # a kernel refuses fields that it does not know
    return system.call(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))


def build_ruleset(paths: Paths, support: Support | None = None) -> int:
    """Return the descriptor of a ruleset that allows ``paths`` and nothing else of what ``support`` covers.

    ``support`` is what this kernel has, or less, as an older one.

    Raises:
        OSError: this kernel has no Landlock, or one of the paths cannot be looked at.
    """
    support = support or find_support()
    ruleset = _create_ruleset(support)
    try:
        _allow(ruleset, paths.readable, READ & support.rights)
        _allow(ruleset, paths.writable, (RIGHT["READ_FILE"] | RIGHT["WRITE_FILE"]) & support.rights)
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset


def _allow(ruleset: int, paths: Iterable[str], rights: int) -> None:
    for path in paths:
        try:
            # Follows a link, and allows what it leads to: which is what the caller has looked at.
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            continue  # it is not there: nothing to allow
        # Any other error leaves out what exists: students would be blamed for imports that fail later.
        try:
            own = rights if stat.S_ISDIR(os.fstat(descriptor).st_mode) else rights & ON_FILES
            rule = struct.pack("=Qi", own, descriptor)
            system.call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
        finally:
            os.close(descriptor)


def restrict(ruleset: int) -> None:
    """Apply a ruleset to the calling thread and all that it starts, for good. Needs ``no_new_privs``."""
    # What is refused would go into the machine's audit log: a submission could fill it.
    flags = QUIET if find_abi() >= ABI_OF_QUIET else 0
    system.call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(flags))

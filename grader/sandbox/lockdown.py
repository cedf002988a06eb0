"""Closes a forked worker in before the first byte of student code runs. It cannot be undone.

Order matters: descriptors and limits first, then ``no_new_privs``, Landlock, and seccomp last, since it forbids the
calls that the others need.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass

from grader.sandbox import landlock, seccomp, system

CLOSE_RANGE = 436
FILE_BYTES = 1 << 20
OPEN_FILES = 64
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use: seconds of CPU, and megabytes beyond what it inherits."""

    cpu_seconds: int
    memory_mb: int


def find_missing_layers() -> list[str]:
    """Return which layers of isolation this machine lacks; grading other people's work needs them all."""
    missing = []
    if not seccomp.is_supported():
        missing.append("a seccomp filter for this processor")
    if landlock.find_abi() < 1:
        missing.append("Landlock")
    return missing


def keep_descriptors(wanted: Sequence[int]) -> list[int]:
    """Close every descriptor but 0, 1, 2 and the wanted ones, and return their new numbers, from 3 on."""
    above = 10 + len(wanted)
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in wanted]
    kept = [os.dup2(descriptor, 3 + position) for position, descriptor in enumerate(aside)]
    system.call(CLOSE_RANGE, ctypes.c_uint(3 + len(kept)), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))
    return kept


def limit_resources(limits: Limits, address_space: int) -> None:
    """Set the rlimits. ``address_space`` is what the process maps already, in bytes.

    RLIMIT_DATA stops what torch and Python allocate; RLIMIT_AS, set relative, stops shared anonymous mappings, which
    DATA does not count. RLIMIT_NPROC is left alone: it counts all processes of the user.
    """
    budget = limits.memory_mb * MEGABYTE
    data = _data_bytes() + budget
    for name, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, FILE_BYTES, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_DATA, data, data),
        (resource.RLIMIT_AS, address_space + budget, address_space + budget),
    ):
        resource.setrlimit(name, (_lower(soft, name), _lower(hard, name)))


def _lower(value: int, name: int) -> int:
    """Only root may raise a limit: where the machine's own is lower, it holds."""
    ceiling = resource.getrlimit(name)[1]
    return value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)


def measure_address_space() -> int:
    """Return the bytes that this process maps. Read it before the lock-down: /proc is closed afterwards."""
    return _memory_pages(0)


def _data_bytes() -> int:
    return _memory_pages(5)


def _memory_pages(column: int) -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[column]) * os.sysconf("SC_PAGE_SIZE")


def restrict_system(ruleset: int) -> None:
    """Give up every right but those of ``ruleset`` and the system calls of the filter.

    Raises:
        OSError: a layer could not be applied; the process must then end.
        RuntimeError: there is more than one thread, and a filter holds for one only.
    """
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("more than one thread before the lock-down")
    program = seccomp.build_filter(os.getpid())
    system.set_process(system.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict(ruleset)
    os.close(ruleset)
    seccomp.install(program)

"""Closes a forked worker in before the first byte of student code runs. It cannot be undone.

Order matters: descriptors and limits first, then the user, ``no_new_privs``, Landlock, and seccomp last, since it
forbids the calls that the others need.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import resource
from collections.abc import Sequence
from dataclasses import dataclass

from grader.sandbox import identity, landlock, seccomp, system

CLOSE_RANGE = 436
FILE_BYTES = 1 << 20
OPEN_FILES = 64
THREADS = 256
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use: seconds of CPU, and megabytes beyond what it inherits."""

    cpu_seconds: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What one worker is closed in by: a Landlock ruleset's descriptor and a user id, each None where there is none."""

    limits: Limits
    ruleset: int | None
    user: int | None


def keep_descriptors(wanted: Sequence[int]) -> list[int]:
    """Close every descriptor but 0, 1, 2 and the wanted ones, and return their new numbers, from 3 on."""
    above = 10 + len(wanted)
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in wanted]
    kept = [os.dup2(descriptor, 3 + position) for position, descriptor in enumerate(aside)]
    system.call(CLOSE_RANGE, ctypes.c_uint(3 + len(kept)), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))
    return kept


def close_in(cell: Cell, parent: int) -> None:
    """Close this process in, a forked worker whose parent has the process id ``parent``.

    Raises:
        OSError: a layer could not be applied; the process must then end.
        RuntimeError: a layer does not hold, or the parent is gone.
    """
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("more than one thread before the lock-down")  # a filter holds for one thread only
    limit_resources(cell.limits, threads=None if cell.user is None else THREADS)
    if cell.user is not None:
        identity.take_user(cell.user)
    identity.drop_capabilities(platform.machine())
    # The kernel forgets both of these when a process changes its user.
    system.die_with_parent()
    system.hide_memory()
    if os.getppid() != parent:
        raise RuntimeError("the warm process is gone")
    _restrict_system(cell.ruleset)


def limit_resources(limits: Limits, threads: int | None = None) -> None:
    """Set the rlimits.

    RLIMIT_DATA stops what torch and Python allocate; RLIMIT_AS, set relative, stops shared anonymous mappings, which
    DATA does not count. RLIMIT_NPROC counts all processes of the user, so that ``threads`` is for a worker with a user
    of its own only.
    """
    mapped, data = _memory_bytes()
    budget = limits.memory_mb * MEGABYTE
    rows = [
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, FILE_BYTES, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_DATA, data + budget, data + budget),
        (resource.RLIMIT_AS, mapped + budget, mapped + budget),
    ]
    if threads is not None:
        rows.append((resource.RLIMIT_NPROC, threads, threads))
    for name, soft, hard in rows:
        resource.setrlimit(name, (_lower(soft, name), _lower(hard, name)))


def _lower(value: int, name: int) -> int:
    """Only root may raise a limit: where the machine's own is lower, it holds."""
    ceiling = resource.getrlimit(name)[1]
    return value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)


def _memory_bytes() -> tuple[int, int]:
    """Return the bytes that this process maps, and those of them that are its own to write."""
    descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    pages = [int(word) for word in os.read(descriptor, 200).split()]
    os.close(descriptor)
    size = os.sysconf("SC_PAGE_SIZE")
    return pages[0] * size, pages[5] * size


def _restrict_system(ruleset: int | None) -> None:
    """Give up every right but those of ``ruleset`` and the system calls of the filter."""
    program = seccomp.build_filter(os.getpid(), read_only=ruleset is None)
    system.set_process(system.PR_SET_NO_NEW_PRIVS, 1)
    if ruleset is not None:
        landlock.restrict(ruleset)
        os.close(ruleset)
        _confirm_closed()
    seccomp.install(program)


def _confirm_closed() -> None:
    """Nothing in /proc tells from outside that Landlock holds: see that the root folder is closed."""
    try:
        os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
    except PermissionError:
        return
    raise RuntimeError("Landlock does not hold")

"""Who a worker is: a user of its own where the grader was started as root, and nobody's capabilities anywhere.

A user id that no account has owns no file and no other process, so that what is private to root, or to any account,
is closed to the worker whatever else fails.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from grader.sandbox import system

CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITY_VERSION_3 = 0x20080522
FIRST_USER = 1_735_000_000  # far above the ids of accounts, of containers and of services
USERS = 65_536  # how many ids are taken in turn, so that no two workers alive share one
# A container may know only 65,536 ids; its last ones but for nobody's two are left unused by distributions.
FEW_USERS = 500
NOBODY = 65_534


def find_users() -> range:
    """Return the user ids that workers may take in turn; empty where this process cannot change its user."""
    if os.geteuid() != 0:
        return range(0)
    known = 0
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        for line in lines:
            inside, _, count = (int(word) for word in line.split())
            known = max(known, inside + count)
    if known >= FIRST_USER + USERS:
        return range(FIRST_USER, FIRST_USER + USERS)
    if known >= NOBODY:
        return range(NOBODY - FEW_USERS, NOBODY)
    return range(0)


def try_user(user: int, files: Iterable[str]) -> str | None:
    """Return what a process of ``user`` cannot do that a worker must: becoming it, or reading ``files``; or None."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        problem = ""
        try:
            take_user(user)
            for file in files:
                problem = file
                with open(file, "rb"):
                    problem = ""
        except OSError as error:
            problem = f"{problem or 'becoming another user'}: {error.strerror}"
        except BaseException as error:
            problem = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, problem.encode()[:500])
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read().decode(errors="replace")
    os.waitpid(pid, 0)
    return told or None


def take_user(user: int) -> None:
    """Become ``user``, with a group of the same number and no others. It cannot be undone.

    Raises:
        OSError: the kernel refused.
    """
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def drop_capabilities(machine: str) -> None:
    """Give up every capability: root without them is an ordinary user that owns root's files.

    Raises:
        OSError: the kernel refused.
    """
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    system.call(CAPSET[machine], header, bytes(24))  # three sets of 64 bits: effective, permitted, inheritable

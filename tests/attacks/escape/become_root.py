"""Becomes root, the grader's user or another, and takes capabilities back."""

import ctypes
import os

from known import attempt

QUICK = True
BITES = True

libc = ctypes.CDLL(None, use_errno=True)
HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")


def take_capabilities(*sets):
    check(libc.capset(HEADER, (ctypes.c_uint32 * 6)(*sets)))


for user in (0, 1, 1000, 65534):
    for become in (os.setuid, os.seteuid, os.setgid, os.setegid):
        with attempt(f"{become.__name__} {user}"):
            become(user)
    with attempt(f"setresuid {user}"):
        os.setresuid(-1, user, -1)
    with attempt(f"setreuid {user}"):
        os.setreuid(user, user)
    with attempt(f"setresgid {user}"):
        os.setresgid(user, user, user)
    with attempt(f"setfsuid {user}"):
        libc.setfsuid(user)
        check(libc.setfsuid(user) != user)
with attempt("all groups given up"):
    os.setgroups([])
with attempt("root's groups"):
    os.initgroups("root", 0)
for sets in ((~0,) * 6, (1 << 21, 1 << 21, 0), (0, 1 << 7, 0), (0, 0, ~0)):
    with attempt("capabilities"):
        take_capabilities(*sets)


def scale(values, factor):
    return values

"""Makes namespaces of its own, in which it would be root, and enters those of other processes."""

import ctypes
import os

from known import EXAMINER, attempt

BITES = True

KINDS = {"time": 0x80, "mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000}
KINDS |= {"pid": 0x20000000, "net": 0x40000000}
libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


for name, flag in KINDS.items():
    with attempt(f"a {name} namespace of its own"):
        check(libc.unshare(flag))
    for pid in (EXAMINER, 1, os.getppid(), "self"):
        with attempt(f"the {name} namespace of {pid}"):
            check(libc.setns(os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY), flag))
with attempt("all namespaces at once"):
    check(libc.unshare(sum(KINDS.values())))
with attempt("its own descriptors and folder"):
    check(libc.unshare(0x600))
with attempt("root in a namespace"):
    open("/proc/self/uid_map", "w").write("0 0 1")


def scale(values, factor):
    return values

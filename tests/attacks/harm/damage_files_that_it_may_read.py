"""Empties, renames, deletes, and changes owner, mode and times of files that it may read, and of the gradebook."""

import ctypes
import mmap
import os
import shutil

import torch
from known import COURSE, GRADEBOOK, HIDDEN, attempt

libc = ctypes.CDLL(None, use_errno=True)
target = torch.__file__ + ".left-behind"  # is not there: should a way be open, nothing is damaged


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


def write_shared(path):
    """Map a file that is open for reading, and make the pages writable."""
    pages = mmap.mmap(os.open(path, os.O_RDONLY), 4096, mmap.MAP_SHARED, mmap.PROT_READ)
    address = libc.mmap
    address.restype = ctypes.c_void_p
    place = address(None, ctypes.c_size_t(4096), 1, 1, os.open(path, os.O_RDONLY), ctypes.c_long(0))
    pages.close()
    check(libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(4096), 3))


WAYS = (
    lambda path: os.truncate(path, os.stat(path).st_size),
    lambda path: os.ftruncate(os.open(path, os.O_RDONLY), os.stat(path).st_size),
    lambda path: os.chmod(path, os.stat(path).st_mode & 0o777),
    lambda path: os.fchmod(os.open(path, os.O_RDONLY), os.stat(path).st_mode & 0o777),
    lambda path: os.chown(path, -1, -1),
    lambda path: os.lchown(path, os.stat(path).st_uid, -1),
    lambda path: os.utime(path, ns=(os.stat(path).st_atime_ns, os.stat(path).st_mtime_ns)),
    lambda path: os.utime(os.open(path, os.O_RDONLY)),
    lambda path: os.setxattr(path, "user.left-behind", b"1"),
    lambda path: os.removexattr(path, "user.left-behind"),
    lambda path: check(libc.fallocate(os.open(path, os.O_RDONLY), 3, ctypes.c_long(0), ctypes.c_long(1))),
    lambda path: os.pwrite(os.open(path, os.O_RDONLY), b"", 0) or os.pwrite(os.open(path, os.O_RDONLY), b"x", 1 << 40),
    write_shared,
)
for path in (torch.__file__, os.__file__, torch._C.__file__, GRADEBOOK, HIDDEN):
    for way in WAYS:
        with attempt(path):
            way(path)
for path in (target, f"{GRADEBOOK}.left-behind", f"{COURSE}/left-behind"):
    for way in (os.unlink, os.rmdir, lambda path: os.rename(path, f"{path}2"), lambda path: os.link(path, f"{path}2")):
        with attempt(path):
            way(path)
with attempt("the course"):
    shutil.rmtree(f"{COURSE}/left-behind")


def scale(values, factor):
    return values

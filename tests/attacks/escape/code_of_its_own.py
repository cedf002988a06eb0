"""Writes a library of machine code and loads it, from every place where it could be written."""

import ctypes
import importlib.machinery
import importlib.util
import os
import sys
import sysconfig

from known import attempt

BITES = True

LIBRARY = open(sys.modules["_ctypes"].__file__, "rb").read()
PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/run", ".", os.path.dirname(ctypes.__file__), sysconfig.get_path("purelib"))


def load(path):
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o700)
    try:
        os.write(descriptor, LIBRARY)
        loader = importlib.machinery.ExtensionFileLoader("_ctypes", path)
        importlib.util.module_from_spec(importlib.util.spec_from_loader("_ctypes", loader))
    finally:
        os.unlink(path)


for place in PLACES:
    with attempt(f"a library in {place}"):
        load(f"{place}/left-behind.so")
with attempt("a library in memory"):
    descriptor = os.memfd_create("left-behind")
    os.write(descriptor, LIBRARY)
    ctypes.CDLL(f"/proc/self/fd/{descriptor}")
with attempt("a library in a pipe"):
    reading, writing = os.pipe()
    os.write(writing, LIBRARY[: 1 << 15])
    os.close(writing)
    ctypes.CDLL(f"/proc/self/fd/{reading}")


def scale(values, factor):
    return values

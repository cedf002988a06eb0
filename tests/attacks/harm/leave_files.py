"""Leaves files where the next submission, or Python itself, would find them."""

import os
import site
import sys

QUICK = True

from known import attempt

for folder in (
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/run/lock",
    os.path.expanduser("~"),
    ".",
    sys.prefix,
    *site.getsitepackages(),
):
    with attempt(folder):
        open(os.path.join(folder, "left-behind.pth"), "w")
with attempt("a folder"):
    os.mkdir("/tmp/left-behind")
with attempt("a named pipe"):
    os.mkfifo("/dev/shm/left-behind")


def scale(values, factor):
    return values

"""Empties, renames, removes and changes files that it may read, and those that it may not."""

import os
import torch

QUICK = True

from known import GRADEBOOK, HIDDEN, attempt

for path in (torch.__file__, os.__file__, HIDDEN, GRADEBOOK):
    for name, damage in {
        "empty": lambda: os.open(path, os.O_RDONLY | os.O_TRUNC),
        "empty in mode 3": lambda: os.open(path, 3 | os.O_TRUNC),
        "truncate": lambda: os.truncate(path, 0),
        "write": lambda: os.open(path, os.O_WRONLY),
        "append": lambda: os.open(path, os.O_WRONLY | os.O_APPEND),
        "remove": lambda: os.unlink(path),
        "rename": lambda: os.rename(path, path + ".left-behind"),
        "mode": lambda: os.chmod(path, 0o000),
        "owner": lambda: os.chown(path, 0, 0),
        "times": lambda: os.utime(path, (0, 0)),
        "attribute": lambda: os.setxattr(path, "user.left-behind", b"x"),
        "link": lambda: os.link(path, path + ".left-behind"),
    }.items():
        with attempt(f"{name} {path}"):
            damage()


def scale(values, factor):
    return values

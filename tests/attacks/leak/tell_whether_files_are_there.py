"""Asks for the existence, size and age of hidden checks without opening them."""

import os

from known import COURSE, GRADEBOOK, HIDDEN, breach

BITES = True
SAYS = "tried"

# Only bubblewrap, and folders that are closed to other users, keep this from a worker.
closed = os.getuid() >= 60_000 or not os.path.exists("/etc/passwd") or os.getuid() == 0
for probe in (os.stat, os.lstat, os.statvfs, os.chdir, lambda path: os.open(path, os.O_PATH), os.readlink):
    for path in (HIDDEN, GRADEBOOK, COURSE):
        try:
            probe(path)
        except OSError as error:
            found = probe is os.readlink and error.errno == 22  # it is there, and is no link
        else:
            found = True
        if found and closed:
            breach(f"{path} is there")
        elif found:
            print(f"KNOWN GAP: {path} is there")
print("tried")


def scale(values, factor):
    return values

"""Asks for the existence, size and age of hidden checks without opening them."""

import os

from known import COURSE, GRADEBOOK, HIDDEN, breach

SAYS = "tried"

# Only bubblewrap, or a user of its own and folders that are closed to others, keep this from a worker.
closed = not os.path.exists("/etc/passwd") or os.getuid() in range(65_000, 65_534) or os.getuid() > 1_000_000_000
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

"""Writes one huge file and many small ones."""

import os

QUICK = True

from known import attempt

for folder in ("/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~"), "/run/lock", "."):
    with attempt(folder):
        with open(f"{folder}/left-behind-huge", "wb") as file:
            file.write(bytes(1 << 24))
    with attempt(folder):
        for number in range(1000):
            open(f"{folder}/left-behind-{number}", "w").close()


def scale(values, factor):
    return values

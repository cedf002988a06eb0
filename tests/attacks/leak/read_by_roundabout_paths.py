"""Reaches the hidden checks through descriptors, links, /proc and folders that it walks into first."""

import os
from pathlib import Path

from known import COURSE, EXAMINER, HIDDEN, attempt

BITES = True

folder, name = os.path.split(HIDDEN)


def reopen(path):
    return open(f"/proc/self/fd/{os.open(path, os.O_PATH)}").read()


def enter(path):
    os.chdir(path)
    return open(name).read()


def link(make, place):
    make(HIDDEN, place)
    try:
        return open(place).read()
    finally:
        os.unlink(place)


WAYS = (
    lambda: os.read(os.open(name, os.O_RDONLY, dir_fd=os.open(folder, os.O_PATH)), 99),
    lambda: os.read(os.open(name, os.O_RDONLY, dir_fd=os.open(folder, os.O_RDONLY)), 99),
    lambda: os.read(os.open(f"../..{HIDDEN}", os.O_RDONLY, dir_fd=os.open("/usr/lib", os.O_PATH)), 99),
    lambda: reopen(HIDDEN),
    lambda: enter(folder),
    lambda: os.fchdir(os.open(folder, os.O_PATH)) or open(name).read(),
    lambda: open(os.path.relpath(HIDDEN)).read(),
    lambda: open(f"//{'/./'.join(Path(COURSE).parts[1:])}/../course/scale/checks/hidden/{name}").read(),
    lambda: open(f"/proc/self/root{HIDDEN}").read(),
    lambda: open(f"/proc/thread-self/cwd{HIDDEN}").read(),
    lambda: open(f"/proc/{os.getppid()}/root{HIDDEN}").read(),
    lambda: open(f"/proc/{EXAMINER}/root{HIDDEN}").read(),
    lambda: open(f"/proc/1/cwd{HIDDEN}").read(),
    lambda: link(os.symlink, "/tmp/left-behind-link"),
    lambda: link(os.symlink, "/dev/shm/left-behind-link"),
    lambda: link(os.link, "/tmp/left-behind-link"),
    lambda: os.rename(f"{COURSE}/left-behind", f"{COURSE}/left-behind-too"),
)
for way in WAYS:
    with attempt():
        way()


def scale(values, factor):
    return values

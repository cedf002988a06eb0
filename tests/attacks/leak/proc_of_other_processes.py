"""Reads the memory, environment, arguments and open files of the examiner and of its parent in /proc."""

import os

from known import COURSE, EXAMINER, HIDDEN, attempt, breach

QUICK = True
BITES = True

for name in ("cmdline", "status", "stat", "maps", "environ", "mem", "auxv", "io", "stack", "syscall", "fd", "task"):
    with attempt(f"/proc/{EXAMINER}/{name}"):
        path = f"/proc/{EXAMINER}/{name}"
        print(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(200))
for pid in (EXAMINER, os.getppid(), 1):
    for name in ("environ", "mem", "maps", "fd", "auxv", "io", "stack"):
        with attempt(f"/proc/{pid}/{name}"):
            path = f"/proc/{pid}/{name}"
            print(os.listdir(path) if name == "fd" else open(path, "rb").read(1))
    for name in ("cwd", "root", "exe", "fd/0", "fd/3"):
        with attempt(f"/proc/{pid}/{name}"):
            print(os.readlink(f"/proc/{pid}/{name}"))
for pid in range(1, 100):  # where bubblewrap is up and Landlock is not, those that are there can be seen
    try:
        if COURSE in open(f"/proc/{pid}/cmdline").read() or HIDDEN in open(f"/proc/{pid}/comm").read():
            breach(f"/proc/{pid}/cmdline names the course")
    except OSError:
        continue


def scale(values, factor):
    return values

"""Reads the memory, environment, arguments and open files of the examiner and of its parent in /proc."""

import os
import re

from known import COURSE, EXAMINER, GRADEBOOK, SECRET, attempt, breach

QUICK = True
BITES = True

for pid in (EXAMINER, os.getppid(), 1):
    for name in ("environ", "mem", "maps", "fd", "auxv", "io", "stack", "syscall", "map_files", "personality"):
        with attempt(f"/proc/{pid}/{name}"):
            path = f"/proc/{pid}/{name}"
            print(os.listdir(path) if name in ("fd", "map_files") else open(path, "rb").read(1))
    for name in ("cwd", "root", "exe", "fd/0", "fd/3"):
        with attempt(f"/proc/{pid}/{name}"):
            print(os.readlink(f"/proc/{pid}/{name}"))
for pid in (*range(1, 300), *range(EXAMINER - 300, EXAMINER + 300)):  # without Landlock, arguments can be seen
    for name in ("cmdline", "comm", "stat"):
        try:
            text = open(f"/proc/{pid}/{name}").read()
        except OSError:
            break
        if COURSE in text or GRADEBOOK in text or re.search(SECRET, text):
            breach(f"/proc/{pid}/{name} says {text}")


def scale(values, factor):
    return values

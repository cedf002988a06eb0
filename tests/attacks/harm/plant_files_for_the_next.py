"""Plants files that Python, torch and matplotlib would read or run in the processes that come next."""

import glob
import os
import sys
import sysconfig

import numpy
import torch
from known import attempt

site = sysconfig.get_path("purelib")
cache = os.environ.get("MPLCONFIGDIR", "/tmp/matplotlib")
FILES = (
    f"{site}/left-behind.pth", f"{site}/sitecustomize-left-behind.py", f"{site}/__pycache__/left-behind.pyc",
    f"{os.path.dirname(os.__file__)}/left-behind.py", f"{os.path.dirname(torch.__file__)}/left-behind.py",
    f"{os.path.dirname(numpy.__file__)}/__pycache__/left-behind.pyc", f"{cache}/left-behind.json",
    f"{cache}/../left-behind", f"{cache}/../../left-behind", f"{sys.prefix}/left-behind.cfg", f"{sys.base_prefix}/left-behind",
    f"{os.path.dirname(sys.modules['grader'].__file__)}/left-behind.py", "/usr/lib/left-behind.so", "/etc/ld.so.left-behind",
    f"{os.environ.get('TORCHINDUCTOR_CACHE_DIR', '/tmp')}/left-behind", f"{os.path.expanduser('~')}/.left-behind",
    "/tmp/left-behind", "/dev/shm/left-behind", "/var/tmp/left-behind", "/run/lock/left-behind", "left-behind",
)  # fmt: skip
for path in FILES:
    for flags in (os.O_CREAT | os.O_EXCL | os.O_WRONLY, os.O_CREAT | os.O_RDONLY, os.O_CREAT | 3):
        with attempt(path):
            os.open(path, flags, 0o666)
    for make in (os.mkdir, os.mkfifo):
        with attempt(path):
            make(path)
    with attempt(path):
        os.open(os.path.dirname(path) or ".", os.O_TMPFILE | os.O_RDWR, 0o666)
for path in glob.glob(f"{site}/*.pth") + [torch.__file__, os.__file__, f"{cache}/fontlist-v390.json"]:
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_APPEND | os.O_WRONLY, os.O_TRUNC | os.O_RDONLY, os.O_TRUNC | 3):
        with attempt(path):
            os.open(path, flags)


def scale(values, factor):
    return values

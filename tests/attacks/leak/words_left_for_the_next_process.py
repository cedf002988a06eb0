"""Leaves words for the process that comes after it, wherever one can outlive the other."""

import ctypes
import os
import platform

from known import attempt

BITES = True

libc = ctypes.CDLL(None, use_errno=True)
NAME = b"left-behind"
CALLS = {
    "shmget": (29, 0x1EF7, 4096, 0o1600),
    "semget": (64, 0x1EF7, 1, 0o1600),
    "msgget": (68, 0x1EF7, 0o1600),
    "mq_open": (240, NAME, os.O_CREAT | os.O_RDWR, 0o600, None),
    "memfd_create": (319, NAME, 0),
    "add_key": (248, b"user", NAME, b"words", 5, -4),
    "inotify_init1": (294, 0),
    "timer_create": (222, 0, None, ctypes.create_string_buffer(8)),
    "memfd_secret": (447, 0),
}
OUTLIVING = ("shmget", "semget", "msgget", "mq_open")  # without isolation they would stay when root makes them
FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock", "/run/user/0", "/", ".", "/sys/fs/cgroup")


def make(path, *, folder=False, pipe=False):
    (os.mkdir if folder else os.mkfifo if pipe else lambda place: open(place, "x").close())(path)
    (os.rmdir if folder else os.unlink)(path)


for where in (*FOLDERS, os.path.dirname(os.__file__), os.path.dirname(ctypes.__file__)):
    for kind in ({}, {"folder": True}, {"pipe": True}):
        with attempt(f"made something in {where}"):
            make(f"{where}/left-behind-{os.getpid()}", **kind)
for name, (number, *arguments) in CALLS.items():
    with attempt(name):
        if platform.machine() != "x86_64" or (name in OUTLIVING and os.getuid() == 0):
            raise OSError("skipped")
        if libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *arguments))) < 0:
            raise OSError(ctypes.get_errno(), "refused")


def scale(values, factor):
    return values

"""Takes a terminal, types into it, and joins the sessions and groups of other processes."""

import fcntl
import os
import struct

from known import EXAMINER, attempt

BITES = True

TIOCSCTTY, TIOCSTI, TIOCNOTTY, TIOCSPGRP, TIOCSETD, TIOCLINUX, TIOCGPTPEER = (
    0x540E, 0x5412, 0x5422, 0x5410, 0x5423, 0x541C, 0x5441,
)  # fmt: skip
WAYS = (
    lambda: os.open("/dev/tty", os.O_RDWR),
    lambda: os.open("/dev/console", os.O_RDWR | os.O_NOCTTY),
    lambda: os.open("/dev/ptmx", os.O_RDWR),
    lambda: os.open("/dev/pts/ptmx", os.O_RDWR),
    lambda: os.open("/dev/pts/0", os.O_RDWR),
    lambda: os.openpty(),
    lambda: os.tcsetpgrp(0, os.getpgid(0)),
    lambda: os.setsid(),
    lambda: os.setpgid(0, 0),
    lambda: os.setpgid(0, EXAMINER),
    lambda: os.setpgid(0, os.getppid()),
)
for way in WAYS:
    with attempt():
        way()
for number in range(4):
    for request, argument in (
        (TIOCSTI, b"x"), (TIOCSCTTY, 1), (TIOCNOTTY, 0), (TIOCSPGRP, struct.pack("i", os.getpid())),
        (TIOCSETD, struct.pack("i", 0)), (TIOCLINUX, b"\2"), (TIOCGPTPEER, 0), ((1 << 32) | TIOCSTI, b"x"),
    ):  # fmt: skip
        with attempt(f"ioctl {request:#x} of {number}"):
            fcntl.ioctl(number, request, argument)


def scale(values, factor):
    return values

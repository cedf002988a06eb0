"""Kills the examiner, its parent, its group and everything else, with every call that sends a signal."""

import ctypes
import os
import signal

from known import EXAMINER, attempt, call

QUICK = True

information = ctypes.create_string_buffer(bytes([9, 0, 0, 0, 0, 0, 0, 0]) + b"\xff" * 4 + bytes(116))

parent = os.getppid()
for pid in (EXAMINER, parent, 1, 0, -1, -parent, -EXAMINER, -os.getpgrp(), 2, 3):
    for number in (signal.SIGKILL, signal.SIGSTOP):
        with attempt(f"kill {pid}"):
            os.kill(pid, number)
with attempt("killpg"):
    os.killpg(0, signal.SIGKILL)
for pid in (EXAMINER, parent, 1):
    for name, arguments in {
        "tkill": (200, pid, 9),
        "tgkill": (234, pid, pid, 9),
        "tgkill in its own name": (234, os.getpid(), pid, 9),
        "rt_sigqueueinfo": (129, pid, 9, information),
        "rt_tgsigqueueinfo": (297, pid, pid, 9, information),
        "pidfd_open": (434, pid, 0),
        "pidfd_send_signal": (424, 3, 9, None, 0),
        "process_mrelease": (448, pid, 0),
    }.items():
        with attempt(f"{name} {pid}"):
            call(*arguments)
    with attempt(f"pidfd of {pid}"):
        signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)


def scale(values, factor):
    return values

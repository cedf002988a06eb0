"""Makes system calls by the second set of numbers that x86_64 has, which a filter could forget."""

import ctypes
import os
import platform
import signal

EXPECT = {"crashed"}
SAYS = "about to call"

print("about to call", flush=True)
if platform.machine() != "x86_64":
    os.kill(os.getpid(), signal.SIGKILL)
signal.signal(signal.SIGSYS, signal.SIG_IGN)
print(f"BREACH it returned {ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 57))}", flush=True)


def scale(values, factor):
    return values

"""Has the kernel signal the examiner when its own socket becomes readable."""

import fcntl
import os
import signal
import struct

from known import EXAMINER, attempt

for owner in (EXAMINER, os.getppid()):
    with attempt("owner"):
        fcntl.fcntl(3, fcntl.F_SETOWN, owner)
    with attempt("owner, extended"):
        fcntl.fcntl(3, 15, struct.pack("ii", 1, owner))
    with attempt("owner of a socket"):
        fcntl.ioctl(3, 0x8901, struct.pack("i", owner))
with attempt("signal"):
    fcntl.fcntl(3, fcntl.F_SETSIG, signal.SIGKILL)
with attempt("asynchronous"):
    fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC)


def scale(values, factor):
    return values

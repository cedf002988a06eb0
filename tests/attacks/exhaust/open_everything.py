"""Opens descriptors until there are no more."""

import socket

from known import attempt

kept = []
with attempt():
    while len(kept) < 5000:
        kept += socket.socketpair() + (open("/dev/null"),)
for one in kept:
    one.close()


def scale(values, factor):
    return values

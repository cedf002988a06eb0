"""Holds memory in the kernel: full pipes and sockets."""

import os
import socket

kept = []
total = 0
try:
    while True:
        pair = [one.detach() for one in socket.socketpair()] if len(kept) % 2 else list(os.pipe())[::-1]
        kept.append(pair)
        os.set_blocking(pair[0], False)
        try:
            while True:
                total += os.write(pair[0], bytes(65536))
        except BlockingIOError:
            continue
except OSError as error:
    print(f"HELD {type(error).__name__} after {total >> 20} MB", flush=True)
for pair in kept:
    for one in pair:
        os.close(one)


def scale(values, factor):
    return values

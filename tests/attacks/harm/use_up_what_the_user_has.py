"""Uses up what a user may have of pipes, watches, timers and queues."""

import os
import ctypes

SAYS = "pipes"

libc = ctypes.CDLL(None, use_errno=True)
kept = []
try:
    while True:
        kept.append(os.pipe())
except OSError:
    print(f"{len(kept)} pipes", flush=True)
for pair in kept[:-2]:
    for descriptor in pair:
        os.close(descriptor)
refused = 0
for number in (253, 294, 222, 283, 240, 68, 64, 29, 248):  # inotify, timers, queues, shared memory, keys on x86_64
    refused += libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0) == -1
print(f"HELD {refused} of 9", flush=True)


def scale(values, factor):
    return values

"""Loosens what holds its own process: prctl, personality, filters, rulesets, and who may trace it or outlive whom."""

import ctypes

from known import attempt, call

BITES = True

libc = ctypes.CDLL(None, use_errno=True)
PRCTLS = {
    "parent's death is no matter": (1, 0),
    "memory can be read again": (4, 1),
    "capabilities are kept": (8, 1),
    "signal of bad machine checks": (33, 1, 1),
    "another filter": (22, 2, 0),
    "no capability bounded": (24, 0),
    "secure bits": (28, 0),
    "adopts orphans": (36, 1),
    "privileges can be new again": (38, 0),
    "ambient capabilities": (47, 2, 21),
    "any process may trace it": (0x59616D61, -1),
    "memory map": (35, 1, 0),
    "speculation": (53, 0, 1),
    "calls caught before the filter": (59, 1, 0, 0, 0),
    "shares a core": (62, 0, 0, 0, 0),
    "flushes": (57, 1),
    "time stamps fault": (26, 2),
    "another strict mode": (22, 1),
}
SYSTEM_CALLS_OF_X86_64 = {
    "personality": (135, 0x400000),
    "seccomp filter": (317, 1, 0, b"\1" + bytes(15)),
    "seccomp listener": (317, 1, 8, b"\1" + bytes(15)),
    "landlock ruleset": (444, bytes(24), 8, 0),
    "landlock again": (446, 3, 0),
    "landlock quiet": (446, -1, 1),
    "set_thread_area": (205, bytes(16)),
    "iopl": (172, 3),
    "ioperm": (173, 0, 8, 1),
    "prctl by its number": (157, 4, 1),
    "prctl with a high half": (157, (1 << 32) | 4, 1),
    "seccomp strict": (317, 0, 0, None),
}
for name, (option, *rest) in PRCTLS.items():
    with attempt(name):
        if libc.prctl(option, *map(ctypes.c_long, (*rest, 0, 0, 0, 0)[:4])) < 0:
            raise OSError(ctypes.get_errno(), "refused")
for name, (number, *arguments) in SYSTEM_CALLS_OF_X86_64.items():
    with attempt(name):
        call(number, *arguments)


def scale(values, factor):
    return values

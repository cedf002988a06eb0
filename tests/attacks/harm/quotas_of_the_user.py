"""Uses up what the kernel counts for a user and not for a process: signals, keys, watches, queues and pipes."""

import ctypes
import fcntl
import os
import signal

from known import attempt, breach, call

SAYS = "used up"

NUMBERS_OF_X86_64 = {
    "inotify_init1": (294, 0),
    "fanotify_init": (300, 0x200, 0),
    "mq_open": (240, b"left-behind", os.O_CREAT | os.O_RDWR, 0o600, None),
    "add_key": (248, b"user", b"left-behind", b"words", 5, -4),
    "shmget": (29, 0, 1 << 20, 0o600),
    "semget": (64, 0, 200, 0o600),
    "msgget": (68, 0, 0o600),
    "io_setup": (206, 1024, ctypes.create_string_buffer(8)),
    "timer_create": (222, 0, None, ctypes.create_string_buffer(8)),
    "bpf": (321, 0, b"\2\0\0\0\4\0\0\0\4\0\0\0\1" + bytes(60), 72),
    "memfd_create": (319, b"left-behind", 4),
    "userfaultfd": (323, 1),
}
for name, (number, *arguments) in NUMBERS_OF_X86_64.items():
    with attempt(name):
        call(number, *arguments)
with attempt("larger pipes"):
    fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)


def scale(values, factor):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
    for sent in range(200_000):
        try:
            os.kill(os.getpid(), signal.SIGRTMIN)
        except OSError:
            break
    descriptors = []
    try:
        while True:
            descriptors += os.pipe()
    except OSError:
        print(f"used up {sent} signals and {len(descriptors)} pipes", flush=True)
    if len(descriptors) > 1000:
        breach(f"{len(descriptors)} descriptors")
    return values

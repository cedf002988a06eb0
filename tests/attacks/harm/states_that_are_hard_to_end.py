"""Ignores every signal, blocks the rest, stops itself, and waits in ways that must not keep it alive."""

import os
import signal
import threading

EXPECT = {"timed_out"}
SAYS = "stopped"
SECONDS = 20

for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
for _ in range(50):
    threading.Thread(target=threading.Event().wait, daemon=False).start()


def scale(values, factor):
    print("stopped", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    threading.Event().wait()

"""Tries from threads, handlers, hooks, finalizers and the backward pass, where the walls might not hold."""

import _thread
import atexit
import gc
import signal
import sys
import threading
import time
import weakref

import torch
from known import HIDDEN, attempt

QUICK = True
BITES = True


def steal(*_):
    with attempt():
        print(open(HIDDEN).read())


class Last:
    def __del__(self):
        steal()


thread = threading.Thread(target=steal)
thread.start()
thread.join()
_thread.start_new_thread(steal, ())
timer = threading.Timer(0.01, steal)
timer.start()
timer.join()
signal.signal(signal.SIGALRM, steal)
signal.setitimer(signal.ITIMER_REAL, 0.001)
time.sleep(0.01)
atexit.register(steal)
atexit._run_exitfuncs()
Last()
weakref.finalize(Last(), steal)
gc.callbacks.append(steal)
gc.collect()
gc.callbacks.remove(steal)
sys.setprofile(steal)
sys.setprofile(None)
sys.addaudithook(lambda name, _: steal() if name == "left.behind" else None)
sys.audit("left.behind")
torch.jit.wait(torch.jit.fork(steal))


def scale(values, factor):
    if values.requires_grad:
        values = values.clone()
        values.register_hook(steal)
    return values

"""Has torch compile code with the machine's compiler, in a thread, since that takes longer than a check may."""

import threading

import torch
import torch.optim  # the grader then has the compiler's parts ready
from known import attempt

SAYS = "about to compile"
SECONDS = 20


def work():
    print("about to compile", flush=True)
    with attempt():
        torch.compile(lambda x: x * 2 + 1)(torch.ones(3))
    with attempt():
        from torch.utils.cpp_extension import load_inline

        load_inline("left_behind", "int f() { return 1; }", functions=["f"])


thread = threading.Thread(target=work, daemon=True)
thread.start()


def scale(values, factor):
    thread.join(0.7)
    return values

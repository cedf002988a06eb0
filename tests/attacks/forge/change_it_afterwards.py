"""Changes the memory of what it returned from a thread, while and after it is looked at."""

import threading

import torch

SAYS = "changing"


def change(result):
    print("changing")
    for number in range(20_000):
        result.fill_(float(number % 3))


def scale(values, factor):
    result = torch.zeros(len(values))
    threading.Thread(target=change, args=(result,), daemon=True).start()
    return result.requires_grad_(False)

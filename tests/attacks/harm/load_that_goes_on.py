"""Keeps every processor busy in threads when its checks end, so that the next submission has less."""

import threading

import torch

EXPECT = {"failed", "timed_out"}  # it slows itself down, too
SAYS = "busy"
SECONDS = 20


def spin():
    block = torch.ones(200, 200)
    while True:
        block @ block


print("busy", flush=True)
for _ in range(40):
    threading.Thread(target=spin, daemon=True).start()


def scale(values, factor):
    return values

"""Breaks what the worker does before each check, and lets the error speak of an earlier check's inputs."""

import random

SAYS = "kept"
SEEN = []


def scale(values, factor):
    def seed(_):
        raise ValueError(f"kept {SEEN}")

    SEEN.append(values.tolist())
    print("kept", SEEN)
    random.seed = seed
    return values

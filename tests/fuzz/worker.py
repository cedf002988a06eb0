"""Fuzzes one target with atheris: ``python -m tests.fuzz.worker TARGET [libFuzzer's arguments]``.

It ends when libFuzzer does: after its time, or at the first finding, which is left in a file. run.py starts it.
"""

from __future__ import annotations

import resource
import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["grader"]):
    from tests.fuzz.mutations import mutate
    from tests.fuzz.targets import TARGETS

import torch

MAX_GROWTH = 100 << 10  # KiB that one input may add to the most memory that this process ever held
MAX_ADDRESSES = 16 << 30  # only so that the machine survives what is found


def main() -> None:
    """Fuzz the target that the command line names."""
    name = sys.argv.pop(1)
    target = TARGETS[name]
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES, MAX_ADDRESSES))

    def run(data: bytes) -> None:
        before = _peak()
        target(data)
        if (grown := _peak() - before) > MAX_GROWTH:
            raise MemoryError(f"{len(data):,} bytes of input made memory grow by {grown:,} KiB")

    def change(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        for _ in range(random.choice((1, 1, 2, 4))):
            data = mutate(name, data, random)
        return data[:most]

    atheris.Setup(sys.argv, run, custom_mutator=change)
    atheris.Fuzz()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()

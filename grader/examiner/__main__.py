"""``python -m grader.examiner`` answers jobs on standard input; the grader starts it.

What starts workers is started first, so that the two processes import torch at the same time.
"""

from __future__ import annotations

from grader.examiner.workers import Workers, Zygote
from grader.platforms import CAN_ISOLATE


def start_workers() -> Workers:
    """Return what starts workers on this system; where that is a process of its own, it is not waited for."""
    if CAN_ISOLATE:
        return Zygote()
    from grader.examiner.spawner import Spawner

    return Spawner()


def main() -> None:
    """Serve until standard input ends."""
    workers = start_workers()
    try:
        if CAN_ISOLATE:
            from grader.sandbox import system

            system.hide_memory()
            system.die_with_parent()
        import torch

        from grader.examiner.service import serve, split_streams

        torch.set_num_threads(1)
        jobs, events = split_streams()
        serve(jobs, events, workers)
    finally:
        workers.close()


main()

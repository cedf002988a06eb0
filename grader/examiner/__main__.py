"""``python -m grader.examiner`` answers jobs on standard input; the grader starts it.

The zygote is started first, so that the two processes import torch at the same time.
"""

from __future__ import annotations

import sys

from grader.examiner.workers import Zygote


def main() -> None:
    """Serve until standard input ends."""
    zygote = Zygote()
    try:
        from grader.sandbox import system

        if sys.platform == "linux":
            system.hide_memory()
            system.die_with_parent()
        import torch

        from grader.examiner.service import serve, split_streams

        torch.set_num_threads(1)
        jobs, events = split_streams()
        serve(jobs, events, zygote)
    finally:
        zygote.close()


main()

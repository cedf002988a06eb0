"""``python -m grader.sandbox FD`` starts the zygote; the examiner does so.

It says hello as soon as it runs at all, before torch is imported, so that the examiner knows whether the outer wall
lets it start.
"""

from __future__ import annotations

import os
import sys

from grader.sandbox import system

if sys.platform == "linux":
    system.die_with_parent()  # before torch is imported, which takes seconds
os.write(int(sys.argv[1]), b"hello")

from grader.sandbox.zygote import main  # noqa: E402 - it imports torch

main()

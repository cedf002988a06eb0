"""``python -m grader.sandbox FD`` starts the zygote; the examiner does so."""

from __future__ import annotations

import sys

from grader.sandbox import system

if sys.platform == "linux":
    system.die_with_parent()  # before torch is imported, which takes seconds

from grader.sandbox.zygote import main

main()

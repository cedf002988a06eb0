"""``python -m grader.cluster`` talks to Ray for a pool, which starts it; see ``driver``."""

from grader.cluster.driver import main

main()

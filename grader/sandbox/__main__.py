"""``python -m grader.sandbox FD`` starts the zygote; the examiner does so."""

from grader.sandbox.zygote import main

main()

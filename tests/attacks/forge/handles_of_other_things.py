"""Returns modules, classes and functions of the worker itself in place of a result."""

import sys

import grader.sandbox.worker as worker

SAYS = "returned"


def scale(values, factor):
    print("returned")
    return {2: sys.modules[__name__], 7: worker.Worker, 5: [scale, sys, worker.serve]}[len(values)]

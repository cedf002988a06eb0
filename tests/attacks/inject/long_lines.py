"""Prints a line of almost a megabyte, and errors of as many lines."""

SAYS = "printed"
EXPECT = {"failed", "crashed"}


def scale(values, factor):
    print("printed", "x" * 900_000, flush=True)
    return values

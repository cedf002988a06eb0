"""Prints without end."""

EXPECT = {"crashed"}
SAYS = "flood"
QUICK = True


def scale(values, factor):
    while True:
        print("flood" * 1000)

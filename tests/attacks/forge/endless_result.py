"""Returns results that never end: a counter, a tuple without an end, a dictionary of cycles."""

import itertools

EXPECT = {"failed", "timed_out"}
SAYS = "endless"


class Endless(tuple):
    def __iter__(self):
        return itertools.repeat(0)


def scale(values, factor):
    print("endless")
    return {2: itertools.count(), 7: Endless(), 5: {"x": itertools.cycle([1])}}[len(values)]

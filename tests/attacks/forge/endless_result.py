"""Returns results that never end: a generator, a list that grows while it is read, a tuple without an end."""

import itertools

EXPECT = {"failed"}
SAYS = "endless"


class Endless(tuple):
    def __iter__(self):
        return itertools.repeat((), 10_000_000)

    def __len__(self):
        return 1 << 62


def scale(values, factor):
    print("endless")
    if len(values) == 2:
        return itertools.count()
    return Endless() if len(values) == 7 else {"x": itertools.cycle([1])}

"""Makes tens of thousands of mappings."""

import mmap

from known import attempt

EXPECT = {"failed", "timed_out"}  # on a slow machine so many calls take longer than a check may

kept = []
with attempt():
    while len(kept) < 200_000:
        kept.append(mmap.mmap(-1, 4096, prot=mmap.PROT_READ if len(kept) % 2 else mmap.PROT_READ | mmap.PROT_WRITE))
kept.clear()


def scale(values, factor):
    return values

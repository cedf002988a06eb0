"""Computes inside one call of C that looks at no signal."""

import re

EXPECT = {"timed_out"}
SAYS = "computing"
SECONDS = 15


def scale(values, factor):
    print("computing", flush=True)
    if values.requires_grad:
        return (10**7) ** (10**7)
    return re.match(r"(a|aa)+$", "a" * 60 + "b")

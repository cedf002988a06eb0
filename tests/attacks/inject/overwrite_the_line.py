"""Prints returns and backspaces that write over what stands there."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "FAIL\rpass\b\b\b\bPASS\x7f\x0b\x0c", flush=True)
    return values

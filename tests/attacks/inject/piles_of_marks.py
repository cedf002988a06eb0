"""Prints letters with hundreds of marks that run over other lines."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "Z" + "\u0300\u0316\u0334" * 500, flush=True)
    return values

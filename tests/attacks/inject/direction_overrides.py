"""Prints characters that turn the direction of text round."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "\u202e0 / 2\u202c \u2066\u2067\u2068\u2069 \u200e\u200f\u061c", flush=True)
    return values

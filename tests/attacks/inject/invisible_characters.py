"""Prints characters that are not seen, and tags."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "a\u200b\u2060\ufeff\u00ad\u180eb", "".join(chr(0xE0000 + n) for n in range(32, 127)), flush=True)
    return values

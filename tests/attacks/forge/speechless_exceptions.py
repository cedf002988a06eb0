"""Raises exceptions whose text raises, is no text, or is far too long."""

SAYS = "raised"


class Speechless(Exception):
    def __init__(self, count):
        self.count = count

    def __str__(self):
        if self.count == 2:
            raise SystemExit(0)
        return "<b>pwned</b>" * 100_000 if self.count == 7 else self.count

    __repr__ = __str__


def scale(values, factor):
    print("raised", flush=True)
    raise Speechless(len(values))

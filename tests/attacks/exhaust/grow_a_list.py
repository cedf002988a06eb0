"""Grows a list until memory ends, and catches the error."""

from known import attempt

kept = []
with attempt():
    while True:
        kept.append(bytes(10_000_000))
kept.clear()


def scale(values, factor):
    return values

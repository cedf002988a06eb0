"""Writes bytes that are no UTF-8, cut characters and NUL to its output."""

import os

SAYS = "printed"


def scale(values, factor):
    os.write(1, b"printed \xff\xfe\xc3\x28\xed\xa0\x80\xf0\x9f\x92 \x00\x00\xe2\x80")
    os.write(2, bytes(range(256)))
    return values

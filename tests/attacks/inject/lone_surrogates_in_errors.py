"""Raises an error whose text has lone surrogates and NUL."""

SAYS = ""


def scale(values, factor):
    raise ValueError("\ud800\udfff\x00\ufffe")

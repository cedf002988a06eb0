"""Raises exception groups, which cannot be made without exceptions in them."""

SAYS = "raised"


def scale(values, factor):
    print("raised", flush=True)
    if len(values) == 2:
        raise BaseExceptionGroup("passed", [SystemExit(0)])
    raise ExceptionGroup("passed", [ValueError("passed")])

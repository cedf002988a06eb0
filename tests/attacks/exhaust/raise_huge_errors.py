"""Raises errors with texts of a hundred megabytes, long chains and groups of groups."""

SAYS = "raising"
QUICK = False

def chain():
    error = ValueError("first")
    for number in range(10_000):
        following = ValueError(number)
        following.__cause__ = error
        error = following
    error.add_note("note" * 1_000_000)
    return error


errors = iter((lambda: ValueError("x" * (100 << 20)), chain, lambda: ExceptionGroup("g" * 1_000_000, [chain()])))


def scale(values, factor):
    print("raising", flush=True)
    raise next(errors)()

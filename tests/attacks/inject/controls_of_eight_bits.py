"""Prints controls of the eighth bit, and undecodable bytes."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "\x9b31m\x9d0;pwned\x9c\x90q\x85\x8e", b"\xff\xfe\x9b".decode("latin1"), flush=True)
    return values

"""What an attacker may be taken to know, and how an attack tells what came of it. Submitted beside every attack."""

import contextlib

HIDDEN = "@HIDDEN@"
SOLUTION = "@SOLUTION@"
MISTAKE = "@MISTAKE@"
GRADEBOOK = "@GRADEBOOK@"
NEIGHBOUR = "@NEIGHBOUR@"  # another student's submission, as the gradebook keeps it
COURSE = "@COURSE@"
EXAMINER = int("@EXAMINER@")  # its process id
SECRET = r"@PREFIX@-[0-9a-f]{32}"  # what every planted word matches


def breach(what):
    """Say that the attack got through."""
    print(f"BREACH {what}", flush=True)


@contextlib.contextmanager
def attempt(what="nothing stopped it"):
    """Try something that must not work: what it raises is what stopped it; a block that ends is a breach."""
    try:
        yield
    except BaseException as error:
        print(f"HELD {type(error).__name__}", flush=True)
    else:
        breach(what)

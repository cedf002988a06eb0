"""Loops without end while it is imported."""

EXPECT = {"timed_out"}
SAYS = "looping"
QUICK = True

print("looping", flush=True)
while True:
    pass


def scale(values, factor):
    return values

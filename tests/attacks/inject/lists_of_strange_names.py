"""Lacks the function, and defines letters of other scripts in its place."""

SAYS = "printed"

ѕcale = sсale = ｓcale_ = lambda values, factor: values
print("printed", flush=True)


def scalе(values, factor):
    return values

"""Answers with dictionaries whose keys were chosen to have one hash, or cannot be keys."""

from known import answer, frame

EXPECT = {"crashed", "failed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"d": [[{"f": repr(float(n * (2**61 - 1)))}, 0] for n in range(2500)]}, "tensors": []}),
    7: frame({"value": {"d": [[{"u": [n * (2**61 - 1)]}, 0] for n in range(2500)]}, "tensors": []}),
    5: frame({"value": {"d": [[{"d": []}, 1]]}, "tensors": []}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

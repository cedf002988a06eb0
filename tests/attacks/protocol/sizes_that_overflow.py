"""Answers with tensors whose sizes are negative, overflow when multiplied, or hide behind a zero."""

from known import answer, frame

QUICK = True
EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["float32", [-2], False, None]]}, bytes(8)),
    7: frame({"value": {"t": 0}, "tensors": [["float32", [2**31 - 1] * 4 + [4], False, None]]}),
    5: frame({"value": {"t": 0}, "tensors": [["float32", [0, 2**31 - 1, 2**31 - 1], False, None]]}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

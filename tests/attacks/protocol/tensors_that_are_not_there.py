"""Answers with values that name tensors by numbers out of range, as text, as true."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"t": 1}, "tensors": [["float32", [2], False, None]]}, bytes(8)),
    7: frame({"value": {"t": -1}, "tensors": [["float32", [7], False, None]]}, bytes(28)),
    5: frame({"value": {"t": 0, "g": True}, "snapshots": [0], "tensors": [["float32", [5], True, None]]}, bytes(20)),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

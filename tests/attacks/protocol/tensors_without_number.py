"""Answers with more tensors, more dimensions and more bytes than a message may have."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["bool", [0], False, None]] * 5000}),
    7: frame({"value": {"t": 0}, "tensors": [["float32", [1] * 64, False, None]]}, bytes(4)),
    5: frame({"value": {"t": 0}, "tensors": [["float32", [5], True, None]]}, bytes(24)),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

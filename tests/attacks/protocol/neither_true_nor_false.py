"""Answers with bools that are neither true nor false, and a gradient where none can be."""

from known import answer, frame

SAYS = "sent"

LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["bool", [2], True, None]]}, b"\x02\xff"),
    7: frame({"value": {"t": 0}, "tensors": [["int64", [7], True, None]]}, bytes(56)),
    5: frame({"value": {"t": 0}, "graph": 0, "tensors": [["bool", [5], True, None]]}, b"\x02\x03\x80\xff\x01"),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

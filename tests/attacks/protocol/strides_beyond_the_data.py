"""Answers with strides that overlap, reach far beyond the data, or run backwards."""

from known import answer, frame

EXPECT = {"crashed", "failed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["float32", [2], False, [2**31 - 1]]]}, bytes(8)),
    7: frame({"value": {"t": 0}, "tensors": [["float32", [7], True, [0]]]}, bytes(28)),
    5: frame({"value": {"t": 0}, "tensors": [["float32", [5], True, [-1]]]}, bytes(20)),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

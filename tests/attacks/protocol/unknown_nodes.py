"""Answers with values of unknown kinds, of two kinds, of no kind."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"passed": True}, "tensors": []}),
    7: frame({"value": {}, "tensors": []}),
    5: frame({"value": {"l": {"t": 0}, "t": 0}, "tensors": [["float32", [5], False, None]]}, bytes(20)),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

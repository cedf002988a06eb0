"""Answers with tensors of kinds that name other things in torch, or objects."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["Tensor", [2], False, None]]}, bytes(8)),
    7: frame({"value": {"t": 0}, "tensors": [["qint8", [7], False, None]]}, bytes(7)),
    5: frame({"value": {"a": 0}, "tensors": [["bfloat16", [5], False, None]]}, bytes(10)),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

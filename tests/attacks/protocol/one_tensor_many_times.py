"""Answers with lists that name one tensor, or one text of bytes, tens of thousands of times."""

from known import answer, frame

EXPECT = {"crashed", "failed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"l": [{"t": 0}] * 9000}, "tensors": [["float32", [2], True, None]]}, bytes(8)),
    7: frame({"value": {"l": [{"b": 0}] * 9000}, "tensors": [["uint8", [50_000], False, None]]}, bytes(50_000)),
    5: frame({"value": {"l": [{"a": 0}] * 9000}, "tensors": [["uint8", [50_000], False, None]]}, bytes(50_000)),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

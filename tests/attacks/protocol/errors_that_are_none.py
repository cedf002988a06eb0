"""Answers with errors that are null, a list, a number."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"error": None, "value": True, "tensors": []}),
    7: frame({"error": [], "value": True, "tensors": []}),
    5: frame({"error": 0, "value": True, "tensors": []}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

"""Answers with devices of other machines, with indices beyond any."""

from known import answer, frame

EXPECT = {"crashed", "failed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"v": "cuda:0"}, "tensors": []}),
    7: frame({"value": {"v": "privateuseone:127"}, "tensors": []}),
    5: frame({"value": {"v": "cuda:99999999999"}, "tensors": []}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

"""Answers with dotted names of functions, in the way that the grader itself names some of torch."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"r": "torch.ones"}, "tensors": []}),
    7: frame({"value": {"r": "os.system", "o": "1e3"}, "tensors": []}),
    5: frame({"value": {"y": "__class__"}, "tensors": []}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

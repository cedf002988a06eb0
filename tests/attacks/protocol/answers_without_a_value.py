"""Answers with messages that have no value, a value beside an error, two values."""

from known import answer, frame

SAYS = "sent"

LIES = {
    2: frame({"tensors": []}),
    7: frame(b'{"tensors":[],"value":{"q":1},"value":true}'),
    5: frame({"passed": True, "outcome": "passed", "deferred": True, "skip": "no device", "tensors": []}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

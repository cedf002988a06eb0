"""Answers with numbers that become infinite, minus zero or not a number when they are read."""

from known import answer, frame

SAYS = "sent"

LIES = {
    2: frame(b'{"tensors":[],"value":1e999}'),
    7: frame({"tensors": [], "value": {"f": "-nan"}}),
    5: frame({"tensors": [], "value": {"c": ["1e999", "nan"]}}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

"""Answers with NaN and infinity as JSON, and with numbers too large for either."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame(b'{"tensors":[],"value":NaN}'),
    7: frame(b'{"tensors":[],"value":' + b"9" * 200_000 + b"}"),
    5: frame({"tensors": [], "value": {"i": "0x" + "f" * 200_000}}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

"""Answers with JSON and with values that are nested deeper than any stack."""

from known import answer, frame

QUICK = True
EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame(b'{"tensors":[],"value":' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
    7: frame(b'{"tensors":[],"value":' + b'{"l":[' * 400 + b"]}" * 400 + b"}"),
    5: frame(b'{"tensors":[],"value":' + b'{"d":[[' * 40 + b"1" + b",1]]}" * 40 + b"}"),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

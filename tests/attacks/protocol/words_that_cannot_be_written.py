"""Answers with text of lone surrogates, NUL and control characters."""

from known import answer, frame

SAYS = "sent"

LIES = {
    2: frame({"value": "\ud800\0\x1b]0;pwned\x07", "tensors": []}),
    7: frame({"value": {"d": [["\ud800", {"l": ["\udfff"]}]]}, "tensors": []}),
    5: frame(
        {"error": {"type": "\ud800", "base": "\ud800", "message": "\ud800\0\x1b[2J", "frames": []}, "tensors": []}
    ),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

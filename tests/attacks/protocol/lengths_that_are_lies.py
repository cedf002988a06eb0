"""Answers with frames that claim ten gigabytes, a header of four, and no magic word."""

from known import answer

from grader.wire import FRAME, MAGIC

QUICK = True
EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: FRAME.pack(MAGIC, 2, 10 << 30) + b"{}",
    7: FRAME.pack(MAGIC, 2**32 - 1, 0) + b"{}",
    5: FRAME.pack(b"\x80\x04.\n", 2, 0) + b"{}",
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

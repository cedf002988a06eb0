"""Answers with errors that claim to be pytest's, the grader's or the end of the program."""

from known import answer, frame

QUICK = True
SAYS = "sent"


def error(base):
    return frame({"error": {"type": base, "base": base, "message": "pwned", "frames": []}, "tensors": []})

LIES = {2: error("Skipped"), 7: error("ExceptionGroup"), 5: error("KeyboardInterrupt")}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

"""Answers with errors in lines and files that are not the submission's, and without their parts."""

from known import HIDDEN, answer, frame

QUICK = True
EXPECT = {"crashed", "failed"}
SAYS = "sent"


def error(**parts):
    whole = {"type": "ValueError", "base": "ValueError", "message": "pwned", "frames": [], **parts}
    return frame({"error": whole, "tensors": []})

LIES = {
    2: error(frames=[["scale.py", 10**30, "<b>pwned</b>"], ["known.py", -1, "f"]] * 5000),
    7: error(frames=[[HIDDEN, 1, "test_value"]]),
    5: error(frames="pwned", type=None),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

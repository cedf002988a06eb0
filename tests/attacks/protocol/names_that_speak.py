"""Lacks the function, and lists names instead that are markup, text of its own, or no names at all."""

from grader.sandbox.worker import Worker

EXPECT = {"crashed", "failed"}
SAYS = "sent"
NAMES = [
    {"l": ["scal", "<script>pwned</script>", "a\0b", "\ud800", 7, None, {"l": []}, "x" * 100_000]},
    {"o": 3, "n": "scal", "k": "object"},
    {"d": [["scal", 1]]},
]


def names(worker, request):
    print("sent")
    return {"value": NAMES.pop()}, []


Worker._list_names = names

"""Answers with graphs and snapshots that are huge, negative, lists, or of no tensor."""

from known import answer, frame

SAYS = "sent"


def claim(count, graph, snapshots):
    head = {"value": {"t": 0}, "graph": graph, "snapshots": snapshots}
    return frame({**head, "tensors": [["float32", [count], True, None]]}, bytes(4 * count))

LIES = {2: claim(2, [1], [2**70]), 7: claim(7, {"t": 0}, {"0": 0}), 5: claim(5, -(10**4000), [True, -1, "0", None])}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

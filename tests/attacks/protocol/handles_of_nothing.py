"""Answers with objects whose numbers are huge, negative or text, and whose names are markup."""

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {
    2: frame({"value": {"o": 2**70, "n": "<script>pwned</script>", "k": "<b>pwned"}, "tensors": []}),
    7: frame({"value": {"o": "-7_0", "n": ["pwned"] * 99, "k": "file"}, "tensors": []}),
    5: frame({"value": {"l": [{"o": 1.5, "n": "a\0b\ud800.\u202epwned", "k": {}}]}, "tensors": []}),
}


def scale(values, factor):
    answer(LIES[len(values)])
    return values

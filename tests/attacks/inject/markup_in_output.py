"""Prints markup: tags, attributes, entities, comments, styles."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "<b pwned=1 onclick=pwned()>", "&lt;pwned&gt;", "<!-- pwned -->", "<style>*{background:url(//pwned)}</style>", "]]><pwned/>", "\"'><pwned>", flush=True)
    return values

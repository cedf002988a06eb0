"""Prints links of HTML and Markdown, and addresses that run."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "<a href=javascript:pwned()>", "[pwned](javascript:pwned())", "![](https://pwned.example/x.png)", "data:text/html,<script>pwned()</script>", flush=True)
    return values

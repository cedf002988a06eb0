"""Fails at a line of source that holds markup, escapes and direction overrides."""

SAYS = ""


def scale(values, factor):
    raise ValueError  # <script>pwned()</script> ]0;pwned ‮ </pre><img src=x onerror=pwned()>

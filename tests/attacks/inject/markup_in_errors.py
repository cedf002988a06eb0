"""Raises an error whose text is a script, an image and a closing tag."""

SAYS = ""
QUICK = True


def scale(values, factor):
    raise ValueError("</pre></code><script>pwned()</script><img src=x onerror=pwned()><svg/onload=pwned()>")

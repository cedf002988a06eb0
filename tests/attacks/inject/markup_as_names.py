"""Gives functions, classes and files names that are markup."""


SAYS = ""


def scale(values, factor):
    kind = type("<script>pwned()</script>", (ValueError,), {"__qualname__": "\x1b[31m", "__module__": "<pwned>"})
    code = compile("def f():\n    raise kind('<pwned onload=x>')\nf()", "<img src=pwned>", "exec")
    exec(code.replace(co_name="<b pwned>"), {"kind": kind})

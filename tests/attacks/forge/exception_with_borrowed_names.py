"""Raises an exception whose class, file, line and function are made up to carry words and markup."""

SAYS = "raised"
CODE = "def {name}():\n    raise kind('<script>pwned</script>')"


def scale(values, factor):
    print("raised", flush=True)
    kind = type("<img src=pwned>" + "\0\x1b[31m\u202e", (ValueError,), {"__qualname__": "pwned", "__module__": "a"})
    space = {"kind": kind}
    exec(compile(CODE.format(name="pwned"), "scale.py", "exec"), space)
    code = space["pwned"].__code__
    borrowed = code.replace(co_firstlineno=2**31 - 9, co_name="<script>pwned</script>")
    exec(borrowed.replace(co_filename={2: "known.py", 7: "scale.py", 5: "../checks/hidden.py"}[len(values)]), space)

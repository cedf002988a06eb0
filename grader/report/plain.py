r"""An author's Markdown for terminals: formulas without their commands, in letters that a terminal has.

A formula stays exact: what a fraction or an exponent holds stays together, in brackets or braces.
"""

from __future__ import annotations

import functools
import re
from typing import Any

_PIECE = re.compile(
    r"(?P<code>```.*?(?:```|\Z)|`+[^`]*`+)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>(?!\s)[^$]+?(?<!\s))\$(?!\d)", re.DOTALL
)
_FUNCTIONS = ("log", "ln", "exp", "max", "min", "sin", "cos", "tanh", "softmax", "argmax", "arg")
# What the library does not know, or gives without what it means.
_SIGNS = {
    **{"ne": "\u2260", "neq": "\u2260", "le": "\u2264", "leq": "\u2264", "ge": "\u2265", "geq": "\u2265", "lvert": "|"},
    **{"rvert": "|", "lVert": "\u2016", "rVert": "\u2016", "mid": " | ", "quad": "; ", "qquad": "; "},
    **dict.fromkeys(("left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "bigg", "Bigg"), ""),
}
_RELATION = re.compile("\\s*([\u2248\u2260\u2264\u2265\u2208\u2192\u223c])\\s*")  # such as is about, is at most
_NAME = "\0"  # stands before a function's name until it is known whether a space does
_MARKS = re.compile(r"[*_\[\]<>\\#|]")  # Markdown would take them for something


def to_plain_markdown(text: str) -> str:
    """Return Markdown whose formulas are code or plain words, that every Markdown renderer shows as they are."""
    return _PIECE.sub(_replace, text)


def to_plain_text(text: str) -> str:
    """Return Markdown with its formulas as they are read aloud, and all else as it is written."""
    return _PIECE.sub(lambda found: found.group() if found["code"] else _formula_of(found), text)


def to_plain_formula(formula: str) -> str:
    r"""Return LaTeX without its commands: ``\frac{1}{1 + e^{-z}}`` as ``(1)/(1 + e^{-z})``.

    What is not understood stays as it was written.
    """
    try:
        plain = " ".join(str(_converter().latex_to_text(formula)).split())
    except Exception:  # the library gives no one kind of error for what it does not understand
        return formula.strip()
    plain = re.sub(rf"(?<=[\w)\]}}\u2211]){_NAME}", " ", plain).replace(_NAME, "")
    plain = _RELATION.sub(r" \1 ", plain).strip()
    # Around a single letter or number brackets are not needed.
    plain = re.sub(r"(?<!\w)\((\w|\d+)\)/", r"\1/", re.sub(r"/\((\w|\d+)\)(?![\w(^])", r"/\1", plain))
    return re.sub(rf"\b({'|'.join(_FUNCTIONS)}) \(", r"\1(", plain) or formula.strip()


def _replace(found: re.Match[str]) -> str:
    if found["code"]:
        return found.group()
    plain = _formula_of(found)
    shown = f"`{plain}`" if _MARKS.search(plain) and "`" not in plain else plain
    return f"\n\n    {plain}\n\n" if found["block"] else shown


def _formula_of(found: re.Match[str]) -> str:
    return to_plain_formula(found["block"] or found["inline"])


@functools.cache
def _converter() -> Any:
    from pylatexenc.latex2text import EnvironmentTextSpec, LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

    context = get_default_latex_context_db()
    macros = [MacroTextSpec(name, simplify_repl="(%s)/(%s)") for name in ("frac", "dfrac", "tfrac")]
    macros += [MacroTextSpec(name, simplify_repl=f"{_NAME}{name} ") for name in _FUNCTIONS]
    macros += [MacroTextSpec(name, simplify_repl=sign) for name, sign in _SIGNS.items()]
    macros.append(MacroTextSpec("sqrt", "\u221a(%(2)s)"))
    context.add_context_category("exact", prepend=True, macros=macros)
    context.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_refuse))
    context.set_unknown_environment_spec(EnvironmentTextSpec("", simplify_repl=_refuse))
    for name in ("aligned", "align", "align*", "gathered", "cases", "matrix", "pmatrix", "bmatrix", "array"):
        environment = EnvironmentTextSpec(name, simplify_repl=_refuse)
        context.add_context_category(f"no {name}", prepend=True, environments=[environment])
    return LatexNodes2Text(
        latex_context=context, math_mode="text", keep_braced_groups=True, keep_braced_groups_minlen=2
    )


def _refuse(*_: object, **__: object) -> str:
    """Let a formula stay as it is written: to leave out what is not known would make it another one."""
    raise ValueError("not understood")

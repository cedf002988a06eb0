"""An author's Markdown with ``$math$`` as HTML: no script, nothing to fetch; formulas become MathML Core.

Prompts, choices and what is said of answers are Markdown. Texts that hold anything of a student's are not, and never
come here.
"""

from __future__ import annotations

import base64
import functools
import html
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from grader.resources import find_data

MATH_FONT = "Grader Math"
_FONT_FILE = "vendor/math/GraderMath.woff2"
_FIRST_HEADING = 3  # below the page's title and the questions' titles
_LAST_HEADING = 6


def to_markup(text: str) -> Markup:
    """Return Markdown as HTML blocks. Raw HTML in it is shown as text, a picture as its description."""
    return _render(text, inline=False)


def to_inline_markup(text: str) -> Markup:
    """Return one paragraph of Markdown as HTML without a block around it."""
    return _render(text, inline=True)


def parse_markdown(text: str) -> Sequence[Any]:
    """Return Markdown as markdown-it's tokens, for other forms than HTML."""
    tokens: Sequence[Any] = _parser().parse(text)
    return tokens


def find_unclear_formulas(text: str) -> list[str]:
    """Return the formulas of Markdown that are no LaTeX that can be drawn: a page shows them as they are written."""
    tokens = [token for block in parse_markdown(text) for token in (block, *(block.children or ()))]
    formulas = [token.content for token in tokens if token.type.startswith("math_")]
    return [formula for formula in formulas if to_mathml(formula, block=False) is None]


def to_mathml(formula: str, *, block: bool) -> str | None:
    """Return LaTeX as MathML Core, None where it is not understood."""
    from math_core import LatexError

    try:
        mathml: str = _converter().convert_with_local_state(formula, displaystyle=block)
    except LatexError:
        return None
    return mathml


def has_math(page: str) -> bool:
    """Say whether a page shows a formula, and so needs ``math_style``."""
    return "<math" in page


@functools.cache
def math_style() -> Markup:
    """Return the rules that draw formulas alike everywhere: few systems have a font whose brackets grow."""
    font = base64.b64encode((find_data("templates") / _FONT_FILE).read_bytes()).decode()
    return Markup(  # noqa: S704 - constants
        f'@font-face {{ font-family: "{MATH_FONT}"; src: url(data:font/woff2;base64,{font}) format("woff2"); }}\n'
        f'math {{ font-family: "{MATH_FONT}", math; font-size: 1.12em; }}\n'
        'math[display="block"] { margin: .6rem 0; overflow-x: auto; overflow-y: hidden; }'
    )


@functools.lru_cache(maxsize=4096)  # a class's reports show the same prompts again and again
def _render(text: str, *, inline: bool) -> Markup:
    parser = _parser()
    return Markup((parser.renderInline(text) if inline else parser.render(text)).strip())  # noqa: S704 - the parser escapes


def make_parser(show_formula: Callable[[str, dict[str, Any]], str] | None = None) -> Any:
    """Return a parser of an author's Markdown, with headings below a page's own; the caller says how it is drawn."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    # What is raw HTML stays text, and links to anything but the web are no links: both are markdown-it's own rules.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, renderer=show_formula)
    parser.core.ruler.push("shift_headings", _shift_headings)
    return parser


@functools.cache
def _parser() -> Any:
    parser = make_parser(_show_formula)
    parser.add_render_rule("link_open", _open_link)
    parser.add_render_rule("image", _describe_image)
    return parser


def _show_formula(formula: str, options: dict[str, Any]) -> str:
    mathml = to_mathml(formula, block=bool(options["display_mode"]))
    # What is not understood is read as it was written.
    return f"<code>{html.escape(formula)}</code>" if mathml is None else mathml


@functools.cache
def _converter() -> Any:
    from math_core import LatexToMathML

    return LatexToMathML(annotation=False, fancy_error=False)


def _shift_headings(state: Any) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _FIRST_HEADING - 1, _LAST_HEADING)}"


def _open_link(renderer: Any, tokens: Sequence[Any], index: int, options: Any, environment: Any) -> str:
    tokens[index].attrSet("rel", "noreferrer")
    rendered: str = renderer.renderToken(tokens, index, options, environment)
    return rendered


def _describe_image(_: Any, tokens: Sequence[Any], index: int, *__: Any) -> str:
    return html.escape(str(tokens[index].content))

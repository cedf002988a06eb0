r"""HTML of a learning management system → Markdown with ``$math$``. What has no counterpart is noted.

Formulas stand between ``\(`` and ``\)``, ``\[`` and ``\]``, ``$$`` and ``$$``, or are Canvas' pictures of formulas.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator

from lxml import etree
from lxml import html as parser

MAX_LENGTH = 200_000  # characters of one text
_MAX_DEPTH = 60
_FIRST_HEADING = 3  # a page's own headings begin there: it is Markdown's first
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset((
    "address", "article", "blockquote", "center", "div", "dl", "fieldset", "figure", "footer", "form", "header", "hr",
    "main", "nav", "ol", "p", "pre", "section", "table", "ul", *_HEADINGS,
))  # fmt: skip
_DROPPED = frozenset((
    "applet", "audio", "button", "canvas", "embed", "iframe", "input", "link", "meta", "noscript", "object", "script",
    "select", "style", "svg", "template", "textarea", "video",
))  # fmt: skip
_DELIMITER = re.compile(r"\\[()\[\]]|\$\$")
_SPECIAL = re.compile(r"[`*\[\]$]|(?<![^\W_])_|_(?![^\W_])|\\(?![A-Za-z0-9 ])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|!(?=\[)")
# What would begin a list, a heading, a quotation, a block of code or a table, or underline a heading.
_LINE_START = re.compile(
    r"^([ \t]*)([-+](?=[-+\s]|$)|>|#(?=#*(?:\s|$))|=(?==*\s*$)|~(?=~~)|[|:](?=.*-)|\d{1,9}(?=[.)](?:\s|$)))",
    re.MULTILINE,
)


def to_markdown(text: str, note: Callable[[str], None], place: Callable[[str], str | None] | None = None) -> str:
    """Return HTML as Markdown.

    ``note`` is told what is left out. ``place`` says where a picture is, from its address; None where it is nowhere.
    """
    if not text.strip():
        return ""
    if len(text) > MAX_LENGTH:
        note(f"a text of {len(text):,} characters is cut to {MAX_LENGTH:,}")
        text = text[:MAX_LENGTH]
    try:
        root = parser.fragment_fromstring(text.replace("\r", ""), create_parent="div")
    except (etree.ParserError, ValueError):
        return escape_markdown(text)
    return _Converter(note, place or (lambda _: None)).convert(root)


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is."""
    escaped = _SPECIAL.sub(lambda found: f"\\{found.group()}", _squeeze(text))
    return _escape_starts(escaped.strip())


def _escape_starts(text: str) -> str:
    def escape(found: re.Match[str]) -> str:
        mark = found.group(2)
        return f"{found.group(1)}{mark}\\" if mark.isdigit() else f"{found.group(1)}\\{mark}"

    return _LINE_START.sub(escape, text)


def _squeeze(text: str) -> str:
    return re.sub(r" ?\n[ \n]*", "\n", re.sub(r"[ \t\f\v\xa0]+", " ", text))


class _Converter:
    """Converts one text."""

    def __init__(self, note: Callable[[str], None], place: Callable[[str], str | None]) -> None:
        self.note = note
        self.place = place

    def convert(self, root: etree._Element) -> str:
        return "\n\n".join(self.blocks(root, 0)).strip("\n")

    def blocks(self, parent: etree._Element, depth: int) -> Iterator[str]:
        """Yield the blocks inside an element; what runs between them is a paragraph of its own."""
        running = self.text(parent.text)
        for child in parent:
            if self.is_block(child) and depth < _MAX_DEPTH:
                yield from self.paragraph(running)
                yield from self.block(child, depth + 1)
                running = ""
            else:
                running += self.inline(child, depth + 1)
            running += self.text(child.tail)
        yield from self.paragraph(running)

    def is_block(self, node: etree._Element) -> bool:
        """Is it a block, or does it hold one?"""
        return isinstance(node.tag, str) and (
            node.tag in _BLOCKS or (node.tag not in _DROPPED and any(child.tag in _BLOCKS for child in node.iter()))
        )

    def paragraph(self, running: str) -> Iterator[str]:
        running = re.sub(r"(?:\\\n\s*)+\Z", "", running.lstrip())  # a break at the end breaks nothing
        running = re.sub(r"(\\\n)\s+", r"\1", running).strip()
        if match := re.fullmatch(r"\$\$([^$]+)\$\$", running):
            yield f"$$\n{match.group(1).strip()}\n$$"
        elif running:
            # Inside a paragraph only formulas of the running text are known.
            yield _escape_starts(re.sub(r"\$\$([^$]+)\$\$", lambda found: f"${found.group(1).strip()}$", running))

    def block(self, node: etree._Element, depth: int) -> Iterator[str]:
        tag = str(node.tag)
        if tag == "pre":
            yield self.code_block(node)
        elif tag in ("ul", "ol"):
            yield self.list_(node, depth)
        elif tag == "table":
            yield from self.table(node, depth)
        elif tag == "hr":
            yield "---"
        elif tag == "blockquote":
            yield "\n".join(f"> {line}".rstrip() for line in "\n\n".join(self.blocks(node, depth)).splitlines())
        elif tag in _HEADINGS:
            title = " ".join("".join(self.children(node, depth)).split())
            if title:
                yield f"{'#' * max(int(tag[1]) - _FIRST_HEADING + 1, 1)} {title}"
        else:
            yield from self.blocks(node, depth)

    def code_block(self, node: etree._Element) -> str:
        for line_break in list(node.iter("br")):
            line_break.tail = "\n" + (line_break.tail or "")
        code = str(parser.tostring(node, method="text", encoding="unicode", with_tail=False))
        code = code.replace("\xa0", " ").strip("\n")
        classes = " ".join(str(inner.get("class", "")) for inner in node.iter())
        language = re.search(r"(?:language|lang)-([\w+#-]+)", classes)
        marks = "`" * max(_longest_run(code) + 1, 3)
        return f"{marks}{language.group(1) if language else ''}\n{code}\n{marks}"

    def list_(self, node: etree._Element, depth: int) -> str:
        ordered = node.tag == "ol"
        entries = []
        for number, child in enumerate((child for child in node if child.tag == "li"), 1):
            mark = f"{number}. " if ordered else "- "
            blocks = list(self.blocks(child, depth))
            # One paragraph with a list below it is no loose list.
            tight = all(not isinstance(inner.tag, str) or inner.tag != "p" for inner in child)
            body = ("\n" if tight and len(blocks) <= 2 else "\n\n").join(blocks)
            lines = body.splitlines() or [""]
            entries.append(
                "\n".join([f"{mark}{lines[0]}", *(f"{' ' * len(mark)}{line}".rstrip() for line in lines[1:])])
            )
        loose = any(inner.tag == "p" for child in node for inner in child)
        return ("\n\n" if loose else "\n").join(entries)

    def table(self, node: etree._Element, depth: int) -> Iterator[str]:
        rows = [
            [" ".join("".join(self.children(cell, depth)).split()).replace("|", "\\|") for cell in row]
            for row in node.iter("tr")
        ]
        width = max(map(len, rows), default=0)
        if any(cell.get("colspan") or cell.get("rowspan") for cell in node.iter("td", "th")):
            self.note("cells of a table that span others are shown as one each")
        if width:
            rows = [row + [""] * (width - len(row)) for row in rows]
            rows.insert(1, ["---"] * width)
            yield "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def children(self, node: etree._Element, depth: int) -> Iterator[str]:
        yield self.text(node.text)
        for child in node:
            yield self.inline(child, depth + 1)
            yield self.text(child.tail)

    def inline(self, node: etree._Element, depth: int) -> str:
        tag = node.tag
        if not isinstance(tag, str):  # a comment
            return ""
        if tag in _DROPPED:
            self.note(f"<{tag}> is left out")
            return ""
        if depth >= _MAX_DEPTH:
            return self.text(str(parser.tostring(node, method="text", encoding="unicode", with_tail=False)))
        simple = {"br": self.line_break, "img": self.image, "code": self.code, "tt": self.code, "a": self.link}
        if tag in simple:
            return simple[tag](node, depth)
        inner = "".join(self.children(node, depth))
        marks = {"b": "**", "strong": "**", "i": "*", "em": "*"}
        if tag in ("sub", "sup"):
            self.note(f"<{tag}> is written as text: a formula shows it better")
            return f"{'_' if tag == 'sub' else '^'}{inner}"
        return _surround(inner, marks[tag]) if tag in marks else inner

    def line_break(self, _: etree._Element, __: int) -> str:
        return "\\\n"

    def code(self, node: etree._Element, _: int) -> str:
        code = " ".join(str(parser.tostring(node, method="text", encoding="unicode", with_tail=False)).split())
        if not code:
            return ""
        marks = "`" * (_longest_run(code) + 1)
        space = " " if code.startswith("`") or code.endswith("`") else ""
        return f"{marks}{space}{code}{space}{marks}"

    def link(self, node: etree._Element, depth: int) -> str:
        inner, address = "".join(self.children(node, depth)), str(node.get("href", "")).strip()
        if not re.match(r"(?:https?://|mailto:)[^\s<>]+\Z", address) or not inner.strip():
            if address:
                self.note(f"the link to {address[:80]!r} is left out")
            return inner
        return f"[{inner.strip()}](<{address}>)"

    def image(self, node: etree._Element, _: int) -> str:
        if formula := node.get("data-equation-content"):
            return f"${str(formula).strip()}$"
        text, address = " ".join(str(node.get("alt", "")).split()), str(node.get("src", ""))
        place = self.place(address)
        if place is None:
            self.note(f"the picture {address[:80]!r} is left out")
            return escape_markdown(text)
        return f"![{escape_markdown(text)}]({place})"

    def text(self, text: str | None) -> str:
        """Return running text, its formulas as Markdown writes them."""
        parts = []
        for part, mark in _find_formulas(text or ""):
            if mark:
                lines = (line.strip() for line in part.splitlines() if line.strip())
                formula = (" " if mark == "$" else "\n").join(lines)
                parts.append(f"{mark}{formula}{mark}" if formula else "")
            else:
                parts.append(_SPECIAL.sub(lambda found: f"\\{found.group()}", _squeeze(part)))
        return "".join(parts)


def _find_formulas(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a text, each with the marks that Markdown puts around it: formulas have some."""
    closing = {r"\(": (r"\)", "$"), r"\[": (r"\]", "$$"), "$$": ("$$", "$$")}
    marks = list(_DELIMITER.finditer(text))
    places: dict[str, list[int]] = {}  # of each mark, so that text with many of them takes no longer than other text
    for found in marks:
        places.setdefault(found.group(), []).append(found.start())
    end = 0
    for found in marks:
        close, mark = closing.get(found.group(), ("", ""))
        after = places.get(close, [])
        index = bisect_left(after, found.end())
        if found.start() >= end and index < len(after):
            yield text[end : found.start()], ""
            yield text[found.end() : after[index]], mark
            end = after[index] + len(close)
    yield text[end:], ""


def _longest_run(code: str) -> int:
    """Return how many backticks stand side by side, at most."""
    return max(map(len, re.findall("`+", code)), default=0)


def _surround(inner: str, mark: str) -> str:
    """Put marks around what is not white space."""
    core = inner.strip()
    if not core:
        return inner
    start = inner.index(core)
    return f"{inner[:start]}{mark}{core}{mark}{inner[start + len(core) :]}"

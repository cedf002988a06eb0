"""Strict readers of quiz files, by the rules of the systems that import them, and marking as they mark.

Each takes a file's bytes and returns what the system would have in its question bank, or raises ``Refused`` where it
would refuse the file, or silently make something else of it. They share nothing with the writers.
"""

from __future__ import annotations

import base64
import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

from lxml import html as html_parser

Given = frozenset[int] | str
ONE, ZERO = Fraction(1), Fraction(0)


class Refused(Exception):
    """The system would refuse the file, or take something in it for something else."""


@dataclass(frozen=True)
class Item:
    """A question as the system has it; ``mark`` gives the share of the points that an answer earns there.

    An answer is a set of options, by number, or a text.
    """

    kind: str  # single, multiple, number, text, essay
    title: str
    prompt: str
    mark: Callable[[Any], Fraction]
    points: Fraction | None = None
    options: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    feedback: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    guidance: str = ""
    ident: str = ""


def visible(html: str) -> str:
    """Return what a browser would show of HTML, with white space folded."""
    if not html.strip():
        return ""
    root = html_parser.fragment_fromstring(html, create_parent="div")
    assert not list(root.iter("script", "style", "iframe", "object"))
    assert not [name for node in root.iter() for name in node.attrib if str(name).startswith("on")]
    for line_break in root.iter("br"):
        line_break.tail = f"\n{line_break.tail or ''}"
    return " ".join(str(root.text_content()).split())


def decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise Refused(f"not a number: {text!r}") from None


def near(value: Decimal, tolerance: Decimal) -> Callable[[str], Fraction]:
    return lambda given: Fraction(abs(decimal(given) - value) <= tolerance)


def nothing(_: object) -> Fraction:
    return ZERO


def clipped(fractions: Sequence[Fraction]) -> Callable[[frozenset[int]], Fraction]:
    """Moodle's way: what was picked is added up, and never below 0 or above 1."""
    return lambda given: min(max(sum((fractions[number] for number in given), ZERO), ZERO), ONE)


def right_minus_wrong(right: frozenset[int]) -> Callable[[frozenset[int]], Fraction]:
    """The way of Canvas' classic quizzes."""
    return lambda given: max(Fraction(len(given & right) - len(given - right), len(right)), ZERO)


def exactly(right: frozenset[int]) -> Callable[[frozenset[int]], Fraction]:
    return lambda given: Fraction(given == right)


def moodle_text(pattern: str, given: str, *, capitals: bool) -> bool:
    """Compare as Moodle's short answers do: a ``*`` without a backslash stands for anything."""
    parts = [re.escape(part.replace(r"\*", "*")) for part in re.split(r"(?<!\\)\*", pattern)]
    return bool(re.fullmatch(".*".join(parts), given, 0 if capitals else re.IGNORECASE))


# --- Moodle XML ---

MOODLE_FRACTIONS = {
    *("100", "90", "83.33333", "80", "75", "70", "66.66667", "60", "50", "40", "33.33333", "30", "25", "20"),
    *("16.66667", "14.28571", "12.5", "11.11111", "10", "5", "0"),
}  # fmt: skip
MOODLE_KINDS = {"multichoice": "", "numerical": "number", "shortanswer": "text", "essay": "essay"}
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def read_moodle_xml(data: bytes) -> list[Item]:
    text = data.decode("utf-8")
    if CONTROL.search(text):
        raise Refused("a control character")
    outside = re.sub(r"<!\[CDATA\[.*?\]\]>", "", text, flags=re.DOTALL)
    if re.search(r"&#?\w+;\s+&", outside):
        raise Refused("white space between two entities is lost")
    root = ElementTree.fromstring(text)
    if root.tag != "quiz":
        raise Refused(root.tag)
    items: list[Item] = []
    category = ""
    for node in root:
        if node.tag != "question":
            raise Refused(node.tag)
        kind = node.get("type", "")
        if kind == "category":
            category = moodle_needed(node, "category/text")
            if not category.startswith("$course$/top/"):
                raise Refused(category)
            for name in re.split("(?<!/)/(?!/)", category):
                if len(name.replace("//", "/")) > 255:
                    raise Refused("the name of a category is too long for the database")
            continue
        if kind not in MOODLE_KINDS:
            raise Refused(f"unknown type {kind!r}")
        items.append(moodle_item(node, kind, category))
    return items


def moodle_needed(node: ElementTree.Element, path: str) -> str:
    text = (node.findtext(path) or "").strip()
    if not text:
        raise Refused(f"no {path}")
    return text


def moodle_html(node: ElementTree.Element | None, files: dict[str, bytes]) -> str:
    if node is None:
        return ""
    if node.get("format") not in ("html", None):
        raise Refused(f"format {node.get('format')!r}")
    found = {}
    for file in node.iterfind("file"):
        if file.get("encoding") != "base64" or file.get("path") != "/":
            raise Refused("a file that is not base64")
        found[str(file.get("name"))] = base64.b64decode(file.text or "", validate=True)
    text = (node.findtext("text") or "").strip()
    if set(re.findall(r'src="@@PLUGINFILE@@/([^"]+)"', text)) != set(found):
        raise Refused("pictures and files differ")
    files |= found
    return text


def moodle_item(node: ElementTree.Element, kind: str, category: str) -> Item:
    title = moodle_needed(node, "name/text")
    if len(title) > 255:
        raise Refused("the name is too long for the database")
    files: dict[str, bytes] = {}
    answers = node.findall("answer")
    fractions = []
    for answer in answers:
        fraction = answer.get("fraction", "")
        if fraction.removeprefix("-") not in MOODLE_FRACTIONS:
            raise Refused(f"Grades ({fraction}) do not match grade options")
        fractions.append(Fraction(fraction) / 100)
    common: dict[str, Any] = {
        "title": title,
        "prompt": moodle_html(node.find("questiontext"), files),
        "feedback": moodle_html(node.find("generalfeedback"), files),
        "points": Fraction(moodle_needed(node, "defaultgrade")),
        "tags": tuple((tag.text or "").strip() for tag in node.iterfind("tags/tag/text")),
        "group": category,
        "ident": node.findtext("idnumber") or "",
        "pictures": files,
    }
    if kind == "multichoice":
        single = {"true": True, "false": False}[moodle_needed(node, "single")]
        options = tuple(moodle_html(answer, files) for answer in answers)
        told = tuple(moodle_html(answer.find("feedback"), files) for answer in answers)
        if ONE not in fractions if single else sum(f for f in fractions if f > 0) < Fraction("0.9999"):
            raise Refused("no way to get all points")
        return Item("single" if single else "multiple", mark=clipped(fractions), options=options, told=told, **common)
    if kind == "numerical":
        (answer,) = answers
        value, tolerance = decimal(moodle_needed(answer, "text")), decimal(moodle_needed(answer, "tolerance"))
        return Item("number", mark=near(value, tolerance), **common)
    if kind == "shortanswer":
        return moodle_short(node, answers, fractions, common)
    if moodle_needed(node, "responseformat") not in ("editor", "monospaced", "plain"):
        raise Refused("responseformat")
    guidance = moodle_html(node.find("graderinfo"), files)
    return Item("essay", mark=nothing, guidance=guidance, **common)


def moodle_short(
    node: ElementTree.Element,
    answers: Sequence[ElementTree.Element],
    fractions: Sequence[Fraction],
    common: Mapping[str, Any],
) -> Item:
    capitals = {"0": False, "1": True}[moodle_needed(node, "usecase")]
    patterns = [moodle_needed(answer, "text") for answer in answers]
    if not patterns:
        raise Refused("no answer")

    def mark(given: str) -> Fraction:
        pairs = zip(patterns, fractions, strict=True)
        return max((f for pattern, f in pairs if moodle_text(pattern, given, capitals=capitals)), default=ZERO)

    return Item("text", mark=mark, **common)


# --- GIFT ---

HOLDERS = {r"\:": 58, r"\#": 35, r"\=": 61, r"\{": 123, r"\}": 125, r"\~": 126, r"\n": 10}


def gift_hide(text: str) -> str:
    """Put a placeholder for each escaped character; a double backslash counts first."""
    text = text.replace("\\\\", "&&092;")
    for escaped, code in HOLDERS.items():
        text = text.replace(escaped, f"&&{code:03};")
    return text.replace("&&092;", "\\")


def gift_show(text: str) -> str:
    for code in HOLDERS.values():
        text = text.replace(f"&&{code:03};", chr(code))
    return text


def gift_text(text: str, form: str = "moodle") -> tuple[str, str]:
    text = text.strip()
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        if name in ("html", "moodle", "plain", "markdown"):
            form, text = name, rest
    return gift_show(text).strip(), form


def read_gift(data: bytes) -> list[Item]:
    items: list[Item] = []
    category = ""
    block: list[str] = []
    for line in [*data.decode("utf-8").split("\n"), ""]:
        if line.strip():
            block.append(line)
        elif block:
            read = gift_block(block, category)
            if isinstance(read, str):
                category = read
            else:
                items.append(read)
            block = []
    return items


def gift_block(lines: Sequence[str], category: str) -> Item | str:
    comments = [line for line in lines if line.strip().startswith("//")]
    text = "\n".join(" " if line in comments else line for line in lines).strip()
    tags = tuple(re.findall(r"\[tag:([^\[\]]*)\]", "".join(comments)))
    idents = re.findall(r"\[id:([^\[\]]*)\]", "".join(comments))
    text = gift_hide(text)
    if text.startswith("$CATEGORY:"):
        return text.removeprefix("$CATEGORY:").strip()
    if not text.startswith("::") or "::" not in text[2:]:
        raise Refused("no name")
    title, _, text = text[2:].partition("::")
    start, end = text.find("{"), text.find("}")
    if start < 0 or end < 0 or text[end + 1 :].strip():
        raise Refused("not one answer block at the end")
    prompt, form = gift_text(text[:start])
    inside, mark, general = text[start + 1 : end].strip().rpartition("####")
    if not mark:
        inside, general = general, ""
    feedback, _ = gift_text(general, form)
    common: dict[str, Any] = {
        **{"title": gift_show(title), "prompt": prompt, "feedback": feedback, "tags": tags, "group": category},
        "ident": idents[0] if idents else "",
    }
    return gift_item(inside.strip(), form, common)


def gift_item(inside: str, form: str, common: Mapping[str, Any]) -> Item:
    if not inside:
        return Item("essay", mark=nothing, **common)
    if inside.startswith("#"):
        (answer,) = [part for part in inside[1:].split("=") if part.strip()]
        value, _, tolerance = answer.partition("#")[0].partition(":")
        return Item("number", mark=near(decimal(value), decimal(tolerance)), **common)
    if "~" in inside:
        return gift_choices(inside, form, common)
    if "->" in inside:
        raise Refused("taken for a matching question")
    if inside.partition("#")[0].strip() in ("T", "F", "TRUE", "FALSE"):
        raise Refused("taken for true or false")
    rows = []
    for part in (part.strip() for part in inside.split("=") if part.strip()):
        weight, rest = gift_weight(part, ONE)
        rows.append((gift_text(rest.partition("#")[0], form)[0], weight))

    def mark(given: str) -> Fraction:
        return max((weight for text, weight in rows if moodle_text(text, given, capitals=False)), default=ZERO)

    return Item("text", mark=mark, **common)


def gift_weight(part: str, default: Fraction) -> tuple[Fraction, str]:
    if not (match := re.match(r"%(-*[0-9]{1,2}\.?[0-9]*)%", part)):
        return default, part
    if match.group(1).removeprefix("-") not in MOODLE_FRACTIONS:
        raise Refused(f"Grades ({match.group(1)}) do not match grade options")
    return Fraction(match.group(1)) / 100, part[match.end() :]


def gift_choices(inside: str, form: str, common: Mapping[str, Any]) -> Item:
    single = "=" in inside
    fractions, options, told = [], [], []
    for part in (part.strip() for part in inside.replace("=", "~=").split("~") if part.strip()):
        weight, rest = (ONE, part[1:]) if part.startswith("=") else gift_weight(part, ZERO)
        text, _, feedback = rest.partition("#")
        fractions.append(weight)
        options.append(gift_text(text, form)[0])
        told.append(gift_text(feedback, form)[0])
    if sum(f for f in fractions if f > 0) < Fraction("0.9999"):
        raise Refused("no way to get all points")
    kind = "single" if single else "multiple"
    return Item(kind, mark=clipped(fractions), options=tuple(options), told=tuple(told), **common)


# --- Aiken ---


def read_aiken(data: bytes) -> list[Item]:
    items: list[Item] = []
    prompt, options = "", dict[str, str]()
    for line in data.decode("utf-8").split("\n"):
        if match := re.fullmatch(r"([A-Z])[).][ \t]*(.+)", line):
            if not prompt:
                raise Refused("an option without a question")
            options[match.group(1)] = match.group(2)
        elif line.startswith("ANSWER:"):
            letter = line.removeprefix("ANSWER:").strip()
            if len(options) < 2 or letter not in options:
                raise Refused("no right answer")
            right = frozenset({list(options).index(letter)})
            items.append(Item("single", "", prompt, exactly(right), options=tuple(options.values())))
            prompt, options = "", {}
        elif line.strip():
            if prompt:
                raise Refused("a question of two lines")
            prompt = line
    if prompt:
        raise Refused("a question without an answer")
    return items


# --- Blackboard ---


def read_blackboard(data: bytes) -> list[Item]:
    rows = data.decode("utf-8").split("\r\n")
    if len(rows) > 500 or not all(row.strip() for row in rows) or any("\n" in row or "\r" in row for row in rows):
        raise Refused("rows")
    return [blackboard_item(row.split("\t")) for row in rows]


def blackboard_item(cells: Sequence[str]) -> Item:
    kind, prompt, *rest = cells
    if not prompt.strip():
        raise Refused("nothing is asked")
    if kind in ("MC", "MA"):
        options, verdicts = rest[::2], rest[1::2]
        if (
            len(options) != len(verdicts)
            or not set(verdicts) <= {"correct", "incorrect"}
            or not 2 <= len(options) <= 100
        ):
            raise Refused("options")
        right = frozenset(number for number, verdict in enumerate(verdicts) if verdict == "correct")
        if not right or (kind == "MC" and len(right) != 1):
            raise Refused("right answers")
        return Item("single" if kind == "MC" else "multiple", "", prompt, exactly(right), options=tuple(options))
    if kind == "NUM":
        value, tolerance = rest
        return Item("number", "", prompt, near(decimal(value), decimal(tolerance)))
    if kind == "FIB":
        if not rest or not all(rest):
            raise Refused("no answer")
        folded = {text.casefold() for text in rest}
        return Item("text", "", prompt, lambda given: Fraction(given.casefold() in folded))
    if kind == "ESS":
        (example,) = rest
        return Item("essay", "", prompt, nothing, guidance=example)
    raise Refused(f"the keyword {kind!r}")


# --- Brightspace ---


def read_d2l(data: bytes) -> list[Item]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    starts = [number for number, row in enumerate(rows) if row[0] == "NewQuestion"]
    if not starts or starts[0] != 0 or any(len(row) < 5 or "\n" in "".join(row) for row in rows):
        raise Refused("rows")
    return [d2l_item(rows[start:end]) for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]


def d2l_item(rows: Sequence[Sequence[str]]) -> Item:
    cells = {row[0]: row for row in rows if row[0] not in ("Option", "Answer")}
    options = [row for row in rows if row[0] == "Option"]
    if cells["QuestionText"][2] != "HTML" or not cells["QuestionText"][1]:
        raise Refused("QuestionText")
    common: dict[str, Any] = {
        "title": cells["Title"][1],
        "prompt": cells["QuestionText"][1],
        "points": Fraction(cells["Points"][1]),
        "feedback": cells.get("Feedback", ["", ""])[1],
        "ident": cells["ID"][1],
    }
    kind = cells["NewQuestion"][1]
    if kind in ("MC", "MS"):
        full = {"MC": "100", "MS": "1"}[kind]
        if any(row[1] not in (full, "0") or row[3] != "HTML" for row in options):
            raise Refused("what an option earns")
        right = frozenset(number for number, row in enumerate(options) if row[1] == full)
        mark = exactly(right)
        if kind == "MS" and cells["Scoring"][1] == "RightMinusWrong":
            mark = right_minus_wrong_of_all(right, len(options))
        elif kind == "MS" and cells["Scoring"][1] != "AllOrNothing":
            raise Refused("Scoring")
        texts, told = tuple(row[2] for row in options), tuple(row[4] for row in options)
        return Item("single" if kind == "MC" else "multiple", mark=mark, options=texts, told=told, **common)
    if kind == "SA":
        accepted = {row[2].casefold() for row in rows if row[0] == "Answer" and row[1] == "100"}
        if not accepted or "InputBox" not in cells:
            raise Refused("SA")
        return Item("text", mark=lambda given: Fraction(given.casefold() in accepted), **common)
    if kind == "WR":
        return Item("essay", mark=nothing, guidance=cells.get("AnswerKey", ["", ""])[1], **common)
    raise Refused(f"the type {kind!r}")


def right_minus_wrong_of_all(right: frozenset[int], count: int) -> Callable[[frozenset[int]], Fraction]:
    """Brightspace's way: the points are shared among all options; one that is rightly left alone counts, too."""

    def mark(given: frozenset[int]) -> Fraction:
        good = len(given & right) + count - len(given | right)
        return max(Fraction(good - (count - good), count), ZERO)

    return mark


# --- QTI 1.2, as Canvas reads it ---

QTI = "{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}"
CP = "{http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1}"
META = "{http://canvas.instructure.com/xsd/cccv1p0}"
CANVAS_KINDS = {
    "multiple_choice_question": "single",
    "multiple_answers_question": "multiple",
    "short_answer_question": "text",
    "numerical_question": "number",
    "essay_question": "essay",
}


def unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names) or any(name.startswith("/") or ".." in name for name in names):
            raise Refused("names in the zip")
        return {name: archive.read(name) for name in names}


def parse(data: bytes) -> ElementTree.Element:
    if CONTROL.search(data.decode("utf-8")):
        raise Refused("a control character")
    return ElementTree.fromstring(data)


def resources(files: Mapping[str, bytes]) -> dict[str, tuple[str, str, list[str]]]:
    """Return the manifest's resources: identifier → type, file and what each depends on. All files are in it."""
    manifest = parse(files["imsmanifest.xml"])
    found = {}
    for node in manifest.iterfind(f"{CP}resources/{CP}resource"):
        hrefs = [str(file.get("href")) for file in node.iterfind(f"{CP}file")]
        if node.get("href", hrefs[0]) not in hrefs or not set(hrefs) <= set(files):
            raise Refused("a file of the manifest is missing")
        needs = [str(needed.get("identifierref")) for needed in node.iterfind(f"{CP}dependency")]
        ident = str(node.get("identifier"))
        if ident in found or not re.fullmatch(r"[A-Za-z_][\w.-]*", ident):
            raise Refused("an identifier")
        found[ident] = (str(node.get("type")), hrefs[0], needs)
    if {href for _, href, _ in found.values()} | {"imsmanifest.xml"} != set(files):
        raise Refused("files that the manifest does not name")
    return found


def read_qti12(data: bytes) -> list[Item]:
    files = unpack(data)
    manifest = parse(files["imsmanifest.xml"])
    version = [manifest.findtext(f"{CP}metadata/{CP}{name}") for name in ("schema", "schemaversion")]
    if version != ["IMS Content", "1.1.3"]:
        raise Refused(f"{version}")
    found = resources(files)
    items: list[Item] = []
    for kind, href, needs in found.values():
        if kind == "imsqti_xmlv1p2":
            (meta,) = needs
            about = parse(files[found[meta][1]])
            own = list(canvas_items(parse(files[href]), files))
            total = canvas_total(own)
            check_meta(about)
            if about.tag != f"{META}quiz" or Fraction(about.findtext(f"{META}points_possible") or "") != total:
                raise Refused("the quiz is worth something else")
            if about.findtext(f"{META}quiz_type") != "assignment" or not about.findtext(f"{META}title"):
                raise Refused("assessment_meta.xml")
            items += own
    if len({item.ident for item in items}) != len(items):
        raise Refused("two items with one identifier")
    return items


# What assessment_meta.xml may hold, by Canvas' schema, and what its values look like.
META_FIELDS = {
    **dict.fromkeys(("title", "description", "hide_results"), ".*"),
    **dict.fromkeys(("shuffle_answers", "show_correct_answers", "one_question_at_a_time"), "true|false"),
    **dict.fromkeys(("cant_go_back", "available"), "true|false"),
    **{"points_possible": r"\d+(\.\d+)?", "allowed_attempts": r"-?\d+", "scoring_policy": "keep_highest|keep_latest"},
    "quiz_type": "practice_quiz|assignment|graded_survey|survey",
}


def check_meta(about: ElementTree.Element) -> None:
    names = [node.tag.removeprefix(META) for node in about]
    if len(set(names)) != len(names) or not {"title", "description"} <= set(names) <= set(META_FIELDS):
        raise Refused(f"assessment_meta.xml holds {names}")
    for node in about:
        if not re.fullmatch(META_FIELDS[node.tag.removeprefix(META)], node.text or "", re.DOTALL):
            raise Refused(f"assessment_meta.xml: {node.tag}")


def canvas_total(items: Sequence[Item]) -> Fraction:
    groups = {item.group: item.points or ZERO for item in items if item.group}
    return sum(groups.values(), ZERO) + sum((item.points or ZERO for item in items if not item.group), ZERO)


def canvas_items(root: ElementTree.Element, files: Mapping[str, bytes]) -> Iterator[Item]:
    (section,) = root.iterfind(f"{QTI}assessment/{QTI}section")
    for node in section:
        if node.tag == f"{QTI}section":
            selection = node.find(f"{QTI}selection_ordering/{QTI}selection")
            assert selection is not None
            worth = selection.findtext(f"{QTI}selection_extension/{QTI}points_per_item") or ""
            for inner in node.iterfind(f"{QTI}item"):
                item = canvas_item(inner, files, str(node.get("title")))
                if selection.findtext(f"{QTI}selection_number") != "1" or item.points != Fraction(worth):
                    raise Refused("a group")
                yield item
        else:
            yield canvas_item(node, files, "")


def metadata(node: ElementTree.Element) -> dict[str, str]:
    fields = node.findall(f"{QTI}itemmetadata/{QTI}qtimetadata/{QTI}qtimetadatafield")
    return {f.findtext(f"{QTI}fieldlabel") or "": f.findtext(f"{QTI}fieldentry") or "" for f in fields}


def shown(node: ElementTree.Element | None) -> str:
    """Return the HTML of a material."""
    text = node.find(f"{QTI}material/{QTI}mattext") if node is not None else None
    if text is None or text.get("texttype") != "text/html":
        raise Refused("no HTML")
    return text.text or ""


def qti_pictures(item: ElementTree.Element, files: Mapping[str, bytes]) -> dict[str, bytes]:
    texts = "".join(text.text or "" for text in item.iter(f"{QTI}mattext"))
    names = re.findall(r'src="\$IMS-CC-FILEBASE\$/([^"]+)"', texts)
    if not set(names) <= set(files):
        raise Refused("a picture is missing")
    return {name: files[name] for name in names}


def qti_feedback(item: ElementTree.Element, idents: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return what each option shows, and what is always shown; whatever is shown has a condition, and is there."""
    texts = {str(node.get("ident")): shown(node.find(f"{QTI}flow_mat")) for node in item.iterfind(f"{QTI}itemfeedback")}
    linked = {str(node.get("linkrefid")) for node in item.iter(f"{QTI}displayfeedback")}
    if linked != set(texts):
        raise Refused("feedback and conditions differ")
    always = ""
    told = dict.fromkeys(idents, "")
    for condition in item.iterfind(f"{QTI}resprocessing/{QTI}respcondition"):
        show = condition.find(f"{QTI}displayfeedback")
        if show is None:
            continue
        text = texts[str(show.get("linkrefid"))]
        variable = condition.find(f"{QTI}conditionvar")
        assert variable is not None
        if variable.find(f"{QTI}other") is not None:
            always = text
        else:
            told[variable.findtext(f"{QTI}varequal") or ""] = text
    return tuple(told[ident] for ident in idents), always


def scoring_condition(item: ElementTree.Element) -> ElementTree.Element:
    found = [
        condition
        for condition in item.iterfind(f"{QTI}resprocessing/{QTI}respcondition")
        if condition.findtext(f"{QTI}setvar") == "100"
    ]
    (condition,) = found
    setvar, variable = condition.find(f"{QTI}setvar"), condition.find(f"{QTI}conditionvar")
    assert setvar is not None
    assert variable is not None
    if (setvar.get("action"), setvar.get("varname")) != ("Set", "SCORE"):
        raise Refused("setvar")
    return variable


def canvas_item(item: ElementTree.Element, files: Mapping[str, bytes], group: str) -> Item:
    about = metadata(item)
    kind = CANVAS_KINDS.get(about.get("question_type", ""))
    if kind is None:
        raise Refused(f"Canvas would guess the type of {item.get('title')!r}")
    labels = item.findall(f"{QTI}presentation/{QTI}response_lid/{QTI}render_choice/{QTI}response_label")
    idents = [str(label.get("ident")) for label in labels]
    if about["original_answer_ids"] != ",".join(idents) or len(set(idents)) != len(idents):
        raise Refused("original_answer_ids")
    told, feedback = qti_feedback(item, idents)
    common: dict[str, Any] = {
        "kind": kind,
        "title": str(item.get("title")),
        "prompt": shown(item.find(f"{QTI}presentation")),
        "points": Fraction(about["points_possible"]),
        "options": tuple(shown(label) for label in labels),
        "told": told,
        "feedback": feedback,
        "group": group,
        "pictures": qti_pictures(item, files),
        "ident": str(item.get("ident")),
    }
    return Item(mark=canvas_mark(item, kind, idents), **common)


def canvas_mark(item: ElementTree.Element, kind: str, idents: Sequence[str]) -> Callable[[Any], Fraction]:
    if kind == "essay":
        return nothing
    condition = scoring_condition(item)
    if kind in ("single", "multiple"):
        response = item.find(f"{QTI}presentation/{QTI}response_lid")
        assert response is not None
        if response.get("rcardinality") != ("Single" if kind == "single" else "Multiple"):
            raise Refused("rcardinality")
        right = right_options(condition, kind, idents)
        return exactly(right) if kind == "single" else right_minus_wrong(right)
    if kind == "number":
        return canvas_number(condition)
    # What Canvas compares: both in small letters, without white space at the ends.
    accepted = {(node.text or "").strip().lower() for node in condition.iterfind(f"{QTI}varequal")} - {""}
    if not accepted:
        raise Refused("no answer")
    return lambda given: Fraction(given.strip().lower() in accepted)


def right_options(condition: ElementTree.Element, kind: str, idents: Sequence[str]) -> frozenset[int]:
    """Return the right options; all others are named as wrong, and none that is not there is named."""
    if kind == "single":
        (equal,) = condition
        return frozenset({find_option(equal, idents)})
    (both,) = condition
    right = {find_option(node, idents) for node in both.iterfind(f"{QTI}varequal")}
    wrong = {find_option(node, idents) for node in both.iterfind(f"{QTI}not/{QTI}varequal")}
    if both.tag != f"{QTI}and" or right & wrong or right | wrong != set(range(len(idents))):
        raise Refused("right and wrong options")
    return frozenset(right)


def find_option(equal: ElementTree.Element, idents: Sequence[str]) -> int:
    if equal.tag != f"{QTI}varequal" or equal.get("respident") != "response1" or equal.text not in idents:
        raise Refused("a condition on no option: no answer would be right")
    return idents.index(equal.text or "")


def canvas_number(condition: ElementTree.Element) -> Callable[[str], Fraction]:
    (either,) = condition
    exact, low, high = (decimal(either.findtext(path) or "") for path in (
        f"{QTI}varequal", f"{QTI}and/{QTI}vargte", f"{QTI}and/{QTI}varlte",
    ))  # fmt: skip
    margin = high - exact
    if either.tag != f"{QTI}or" or exact - low != margin or margin < 0:
        raise Refused("a number")
    return near(exact, margin)


# --- Common Cartridge 1.1 ---

# What the profile of QTI allows below each element, as a pattern over the names of its children.
GRAMMAR = {
    "questestinterop": "assessment",
    "assessment": "(qtimetadata )?(rubric )?(presentation_material )?section",
    "section": "item( item)*",
    "item": "(itemmetadata )?(presentation)?( resprocessing)*( itemfeedback)*",
    "itemmetadata": "qtimetadata( qtimetadata)*",
    "qtimetadata": "qtimetadatafield( qtimetadatafield)*",
    "qtimetadatafield": "fieldlabel fieldentry",
    "presentation": "(material|response_lid|response_str)( (material|response_lid|response_str))*",
    "material": "mattext( mattext)*",
    "response_lid": "render_choice",
    "response_str": "render_fib",
    "render_choice": "(response_label( response_label)*)?",
    "render_fib": "(response_label( response_label)*)?",
    "response_label": "(material( material)*)?",
    "resprocessing": "outcomes respcondition( respcondition)*",
    "outcomes": "decvar",
    "respcondition": "conditionvar( setvar)*( displayfeedback)*",
    "conditionvar": "(and|other|varequal|varsubstring)( (and|other|varequal|varsubstring))*",
    "and": "(not|varequal)( (not|varequal))*",
    "not": "varequal( varequal)*",
    "itemfeedback": "(flow_mat|material|solution|hint)( (flow_mat|material|solution|hint))*",
    "flow_mat": "material( material)*",
}
PROFILES = {
    "cc.multiple_choice.v0p1": "single",
    "cc.multiple_response.v0p1": "multiple",
    "cc.fib.v0p1": "text",
    "cc.essay.v0p1": "essay",
}
CC_FIELDS = {"cc_profile", "cc_question_category", "cc_weighting", "qmd_scoringpermitted", "qmd_computerscored"}


def check_profile(node: ElementTree.Element) -> None:
    """Hold a document against the cartridge's profile of QTI 1.2.1."""
    name = node.tag.removeprefix(QTI)
    children = " ".join(child.tag.removeprefix(QTI) for child in node)
    if not re.fullmatch(GRAMMAR.get(name, ""), children):
        raise Refused(f"<{name}> holds {children!r}")
    if name in ("respcondition",) and node.get("continue") not in ("Yes", "No"):
        raise Refused("continue")
    if name == "varequal" and (node.get("case", "No") not in ("Yes", "No") or not node.get("respident")):
        raise Refused("varequal")
    for child in node:
        check_profile(child)


def read_cartridge(data: bytes, system: str) -> list[Item]:
    """Read a cartridge as ``canvas`` or as ``moodle`` does."""
    files = unpack(data)
    manifest = parse(files["imsmanifest.xml"])
    version = [manifest.findtext(f"{CP}metadata/{CP}{name}") for name in ("schema", "schemaversion")]
    if version != ["IMS Common Cartridge", "1.1.0"]:
        raise Refused(f"Moodle finds no format: {version}")
    found = resources(files)
    organization = manifest.find(f"{CP}organizations/{CP}organization")
    assert organization is not None
    if organization.get("structure") != "rooted-hierarchy":
        raise Refused("organization")
    listed = [node.get("identifierref") for node in organization.iter(f"{CP}item") if node.get("identifierref")]
    quizzes = [ident for ident, (kind, _, _) in found.items() if kind == "imsqti_xmlv1p2/imscc_xmlv1p1/assessment"]
    if listed != quizzes:
        raise Refused("Moodle makes activities of what is listed")
    items = []
    for ident in quizzes:
        href = found[ident][1]
        root = parse(files[href])
        check_profile(root)
        # Moodle looks for pictures beside this file.
        beside = {name: content for name, content in files.items() if "/" not in href}
        idents = [str(item.get("ident")).lower() for item in root.iter(f"{QTI}item")]
        if len(set(idents)) != len(idents):
            raise Refused("two items with one identifier")
        items += [cartridge_item(item, beside, system) for item in root.iter(f"{QTI}item")]
    return items


def cartridge_item(item: ElementTree.Element, files: Mapping[str, bytes], system: str) -> Item:
    about = metadata(item)
    kind = PROFILES.get(about.get("cc_profile", ""))
    weight = about.get("cc_weighting", "")
    if kind is None or not set(about) <= CC_FIELDS or not re.fullmatch("[1-9][0-9]?", weight):
        raise Refused(f"{about}")
    if kind == "essay" and about.get("qmd_computerscored") != "No":
        raise Refused("an essay that a computer scores")
    labels = item.findall(f"{QTI}presentation/{QTI}response_lid/{QTI}render_choice/{QTI}response_label")
    idents = [str(label.get("ident")) for label in labels]
    told, feedback = qti_feedback(item, idents)
    if system == "moodle":
        feedback = moodle_cartridge_feedback(item)
    repair = moodle_cartridge_html if system == "moodle" else str
    common: dict[str, Any] = {
        "kind": kind,
        "title": str(item.get("title")),
        "prompt": repair(shown(item.find(f"{QTI}presentation"))),
        "points": Fraction(weight),
        "options": tuple(repair(shown(label)) for label in labels),
        "told": tuple(map(repair, told)),
        "feedback": repair(feedback),
        "pictures": qti_pictures(item, files),
    }
    if kind == "essay":
        mark: Callable[[Any], Fraction] = nothing
    elif kind == "text":
        mark = cartridge_text(scoring_condition(item), system)
    else:
        right = right_options(scoring_condition(item), kind, idents)
        mark = exactly(right)
        if kind == "multiple":
            mark = right_minus_wrong(right) if system == "canvas" else moodle_cartridge_multiple(item, idents)
    return Item(mark=mark, **common)


def moodle_cartridge_feedback(item: ElementTree.Element) -> str:
    """Moodle shows everybody what is shown by any condition that goes on."""
    texts = {str(node.get("ident")): shown(node.find(f"{QTI}flow_mat")) for node in item.iterfind(f"{QTI}itemfeedback")}
    return "".join(
        texts[str(show.get("linkrefid"))]
        for condition in item.iterfind(f"{QTI}resprocessing/{QTI}respcondition")
        if condition.get("continue") == "Yes"
        for show in condition.iterfind(f"{QTI}displayfeedback")
    )


def moodle_cartridge_multiple(item: ElementTree.Element, idents: Sequence[str]) -> Callable[[Any], Fraction]:
    """Only what is compared with ``case="Yes"`` counts as right; wrong picks cost nothing."""
    condition = scoring_condition(item)
    right = {
        idents.index(node.text or "")
        for node in condition.iterfind(f"{QTI}and/{QTI}varequal")
        if node.get("case") == "Yes"
    }
    if not right:
        raise Refused("Moodle takes all answers for wrong")
    return lambda given: Fraction(len(given & right), len(right))


def cartridge_text(condition: ElementTree.Element, system: str) -> Callable[[str], Fraction]:
    accepted = [node.text or "" for node in condition.iterfind(f"{QTI}varequal")]
    if not accepted:
        raise Refused("no answer")
    if system == "canvas":
        folded = {text.strip().lower() for text in accepted}
        return lambda given: Fraction(given.strip().lower() in folded)
    return lambda given: Fraction(any(moodle_text(text, given, capitals=False) for text in accepted))


def moodle_cartridge_html(html: str) -> str:
    """Do to HTML what Moodle does: read its bytes as Latin-1, and replace entities once more than it should."""
    from html import unescape

    if not html.strip():
        return ""
    root = html_parser.fragment_fromstring(html.encode("utf-8").decode("latin-1"), create_parent="div")
    inner = html_parser.tostring(root, encoding="unicode")
    return unescape(inner.removeprefix("<div>").removesuffix("</div>"))

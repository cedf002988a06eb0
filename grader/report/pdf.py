"""A report as a PDF, through Typst. What is shown reaches Typst as data, never as Typst's own language."""

from __future__ import annotations

import base64
import html
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from grader.display import clean_line, format_amount, format_date_in, format_moment, shorten_lines
from grader.errors import InputError
from grader.language import _, speaking
from grader.report import wording
from grader.report.content import Report, is_code
from grader.report.markup import parse_markdown, to_mathml
from grader.resources import find_data
from grader.results import Frame
from grader.scoring import CheckGrade, QuestionGrade, Status

TEMPLATE = "student.typ"
_DETAIL_LINES = 40
_OUTPUT_LINES = 200
_ENTITY = re.compile(r"&(?!lt;|gt;|amp;|quot;)\w+;")
Data = dict[str, Any]


def to_pdf(report: Report) -> bytes:
    """Return the report as a PDF for paper; the same report gives the same bytes.

    Raises:
        InputError: Typst is not installed.
    """
    try:
        import typst
    except ImportError:
        hint = "`pip install 'grader[pdf]'` brings it; a page of --html prints, too"
        raise InputError("a PDF needs Typst, which is not installed", hint) from None
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        pictures = _Pictures(root)
        with speaking(report.language):
            data = _describe(report, pictures)
        (root / "report.json").write_text(json.dumps(data), encoding="utf-8")
        template = (find_data("templates") / "report" / TEMPLATE).read_bytes()
        (root / TEMPLATE).write_bytes(template)
        pdf: bytes = typst.compile(root / TEMPLATE, root=root)
    return pdf


class _Pictures:
    """Writes figures into the folder that Typst reads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._count = 0

    def add(self, figure: str, label: str) -> Data:
        self._count += 1
        name = f"figure-{self._count}.png"
        (self._root / name).write_bytes(base64.b64decode(figure))
        return {"file": name, "label": label}


def _describe(report: Report, pictures: _Pictures) -> Data:
    grade, info = report.grade, report.info
    handed_in, zone = None, report.context.zone or UTC
    if info.submitted_at:
        handed_in = _("submitted {moment}", moment=format_date_in(info.submitted_at, zone))
    ours = wording.pending_text(report) if grade.status is Status.PENDING else None
    sentences = [*wording.side_sentences(report), *wording.final_sentences(report), wording.feedback_sentence(report)]
    so_far = grade.status is not Status.GRADED
    return {
        "language": report.language.partition("_")[0],
        "words": _name_words(),
        "title": grade.title,
        "facts": " · ".join(filter(None, [info.student, wording.attempt_place(report), handed_in])),
        "notes": [note for note in (ours, grade.fault, grade.note) if note],
        "score": format_amount(grade.score),
        "of": wording.points_phrase(grade.points, so_far=so_far, public=not (so_far or report.complete)),
        "encouragement": wording.encouragement(report),
        "sentences": [sentence for sentence in sentences if sentence],
        "steps": [_blocks(step) for step in wording.next_steps(report)],
        "attempts": [
            {
                "number": str(one.number),
                "at": format_moment(one.submitted_at, zone),
                "score": f"{format_amount(one.score)} / {format_amount(one.points)}" if one.status else "\u2013",
                "share": float(one.share),
                "counts": one.counts,
            }
            for one in report.context.attempts
        ],
        "diagnoses": [
            {
                "title": found.title,
                "source": wording.diagnosis_source(found),
                "explanation": _blocks(found.explanation),
            }
            for found in grade.diagnoses
        ],
        "questions": [_describe_question(report, question, pictures) for question in grade.questions],
        "output": shorten_lines(grade.output, _OUTPUT_LINES) if grade.output else None,
        "environment": [list(row) for row in wording.environment_rows(report)],
    }


def _name_words() -> Data:
    """Return the words that the template puts beside what is shown."""
    return {
        "next": _("What to do next"),
        "attempts": _("Attempts so far"),
        "attempt": _("Attempt"),
        "handed_in": _("Handed in"),
        "score": _("Score"),
        "hint": _("Hint:"),
        "your_answer": _("(your answer)"),
        "printed": _("What the program printed"),
    }


def _describe_question(report: Report, question: QuestionGrade, pictures: _Pictures) -> Data:
    prompt = report.context.prompts.get(question.id)
    chosen = wording.chosen_letters(question)
    verdict = None if is_code(question) else wording.answer_verdict(report, question)
    shared = wording.shared_end(question)
    checks = [_describe_check(report, question, check, pictures, told=shared is not None) for check in question.checks]
    if shared is not None and checks:
        checks[0] |= _ending(report, shared.explanation, shared.frames, shared.detail)
    return {
        "title": question.title,
        "amount": wording.question_amount(report, question),
        "verdict": None if verdict is None else {"label": verdict.label, "tone": verdict.tone},
        "prompt": _blocks(prompt.text) if prompt else _blocks(question.asked or ""),
        "choices": [
            {"letter": letter, "text": _blocks(text), "chosen": letter in chosen}
            for letter, text in (prompt.choices if prompt else ())
        ],
        "lines": list(_question_lines(question, with_answer=not (prompt and prompt.choices))),
        "feedback": _blocks(question.feedback or ""),
        "checks": checks,
    }


def _question_lines(question: QuestionGrade, *, with_answer: bool) -> Iterator[str]:
    if question.message:
        yield question.message
    if question.answer is not None and with_answer:
        yield _("Your answer: {answer}", answer=question.answer)
    if question.expected is not None:
        yield _("Expected: {answer}", answer=question.expected)
    for criterion in question.criteria:
        yield wording.criterion_line(criterion)
    if marked := wording.mark_line(question):
        yield marked
    if question.comment:
        yield question.comment


def _describe_check(
    report: Report, question: QuestionGrade, check: CheckGrade, pictures: _Pictures, *, told: bool
) -> Data:
    verdict, tags = wording.check_verdict(check), wording.check_tags(report, check)
    shown = [pictures.add(check.figure, _("What the code drew"))] if check.figure else []
    reference = report.context.references.get((question.id, check.id))
    if reference:
        shown.append(pictures.add(reference, _("What a right solution draws")))
    explanation = None if told else wording.check_explanation(check)
    return {
        "verdict": {"label": verdict.label, "tone": verdict.tone},
        "title": check.title + (f" ({', '.join(tags)})" if tags else ""),
        "amount": wording.check_amount(check, question),
        "hint": _blocks(check.hint) if check.hint and not told else [],
        "pictures": shown,
        **_ending(report, explanation, check.frames if explanation else (), wording.check_detail(check)),
    }


def _ending(report: Report, explanation: str | None, frames: tuple[Frame, ...], detail: str | None) -> Data:
    return {
        "explanation": explanation,
        "places": [
            {
                "label": _("Your code at"),
                "where": f"{frame.file}:{frame.line}{excerpt.place if excerpt is not None else ''}",
                "source": frame.source,
            }
            for frame, excerpt in wording.shown_frames(report, frames)[-1:]
        ],
        "detail": None if detail is None else shorten_lines(detail, _DETAIL_LINES),
    }


# Markdown


def _blocks(text: str) -> list[Data]:
    """Return Markdown as blocks: paragraphs and items of spans, and code."""
    blocks: list[Data] = []
    depth = 0
    for token in parse_markdown(text):
        if token.type.endswith("list_open"):
            depth += 1
        elif token.type.endswith("list_close"):
            depth -= 1
        elif token.type in ("fence", "code_block"):
            blocks.append({"kind": "code", "text": token.content.rstrip("\n")})
        elif token.type == "math_block":
            blocks.append({"kind": "paragraph", "spans": [_formula(token.content, block=True)]})
        elif token.type == "inline":
            spans = list(_spans(token.children or ()))
            blocks.append({"kind": "item" if depth else "paragraph", "depth": depth, "spans": spans})
    return blocks


def _spans(tokens: Sequence[Any]) -> Iterator[Data]:
    kind = "text"
    for token in tokens:
        if token.type in ("strong_open", "em_open"):
            kind = "strong" if token.type == "strong_open" else "emphasis"
        elif token.type in ("strong_close", "em_close"):
            kind = "text"
        elif token.type in ("math_inline", "math_inline_double"):
            yield _formula(token.content, block=False)
        elif token.type == "code_inline":
            yield {"kind": "code", "text": token.content}
        elif token.type in ("softbreak", "hardbreak"):
            yield {"kind": "text", "text": " "}
        elif token.content:
            yield {"kind": kind, "text": token.content}


def _formula(formula: str, *, block: bool) -> Data:
    mathml = to_mathml(formula, block=block)
    if mathml is None:
        return {"kind": "code", "text": clean_line(formula, 500)}
    # Entities of HTML that XML does not know. No document type is read, and an author wrote the formula.
    plain = _ENTITY.sub(lambda found: html.unescape(found[0]), mathml)
    return {"kind": "math", "block": block, "tree": _tree(ElementTree.fromstring(plain))}  # noqa: S314


def _wide(width: str) -> float:
    """Return how wide a space is, in em. What is thinner than a quarter Typst puts beside functions by itself."""
    try:
        em = float(width.removesuffix("em"))
    except ValueError:
        return 0.0
    return em if 0.25 <= em <= 4 else 0.0


def _tree(element: ElementTree.Element) -> Data:
    if element.tag == "mspace":
        return {"tag": element.tag, "text": "", "width": _wide(element.get("width", ""))}
    if len(element) == 0:
        return {"tag": element.tag, "text": element.text or ""}
    return {"tag": element.tag, "kids": [_tree(part) for part in element]}

"""A quiz that was read → the files of an assignment: YAML that people can go on writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import yaml

from grader.display import clean_line
from grader.errors import InputError, SpecError
from grader.quizzes.content import Choices, Note, Notes, Number, Option, Question, Quiz, Texts, clean_quiz
from grader.quizzes.incoming import Found
from grader.spec import ASSIGNMENT_FILE, AssignmentFile
from grader.validation import validate
from grader.yaml_source import parse_bytes, resolve

_WIDTH = 110
_LONG = 70  # a text that is longer stands below its key
_MOST_TOPICS = 20


def render_quiz(found: Found, assignment_id: str) -> tuple[Mapping[str, bytes], tuple[Note, ...]]:
    """Return the files of an assignment, by name, and what is not as in the quiz. Nothing is written.

    Raises:
        InputError: no question was found that can be asked, or together they are too long.
    """
    notes = Notes()
    notes.extend(found.notes)
    if not found.questions:
        listed = "; ".join(clean_line(str(note)) for note in found.notes[:5])
        raise InputError("there is no question in it that can be taken", listed or "is it the right --format?")
    title = found.title or assignment_id.replace("-", " ").capitalize()
    quiz = clean_quiz(Quiz(assignment_id, title, found.summary or title, found.questions), notes)
    if found.pictures:
        count = f"{len(found.pictures)} {'picture is' if len(found.pictures) == 1 else 'pictures are'}"
        notes.add(assignment_id, f"{count} in its folder: exports show pictures, stubs their descriptions")
    text = _dump(_describe(quiz, notes))
    data = text.encode()
    try:
        document = parse_bytes(data, ASSIGNMENT_FILE)
        validate(AssignmentFile, document, "the assignment")
    except SpecError as error:
        said = clean_line(error.problems[0].message)
        raise InputError(f"the quiz makes no assignment: {said}", "mend it where it was made") from None
    return {ASSIGNMENT_FILE: data, **found.pictures}, notes.all


def _describe(quiz: Quiz, notes: Notes) -> dict[str, Any]:
    topics = list(dict.fromkeys(tag for question in quiz.questions for tag in question.tags))
    if len(topics) > _MOST_TOPICS:
        notes.add(quiz.id, f"only the first {_MOST_TOPICS} of {len(topics)} tags are its topics")
    return {
        "format": 1,
        "id": quiz.id,
        "title": quiz.title,
        "summary": quiz.summary.strip() or quiz.title,
        **({"topics": topics[:_MOST_TOPICS]} if topics else {}),
        "questions": [_describe_question(question) for question in quiz.questions],
    }


def _describe_question(question: Question) -> dict[str, Any]:
    answer = question.answer
    described: dict[str, Any] = {"id": question.id}
    if isinstance(answer, Choices):
        described["kind"] = "choice" if answer.single else "multiple_choice"
        if not answer.single:
            described["scoring"] = "all_or_nothing" if answer.all_or_nothing else "proportional"
    else:
        described["kind"] = "numeric" if isinstance(answer, Number) else "text"
    described["points"] = _plain(question.points)
    if question.title and question.title != question.id:
        described["title"] = question.title
    described["prompt"] = question.prompt
    described |= _describe_answer(question)
    return described


def _describe_answer(question: Question) -> dict[str, Any]:
    answer = question.answer
    why = {"why": question.feedback} if question.feedback else {}
    if isinstance(answer, Choices):
        return {"choices": [_describe_option(option) for option in answer.options]}
    if isinstance(answer, Number):
        return {"correct": _plain(answer.value), "tolerance": _plain(answer.tolerance), **why}
    if isinstance(answer, Texts):
        sensitive = {"case_sensitive": True} if answer.case_sensitive else {}
        return {"accept": list(answer.accepted), **sensitive, **why}
    return {"why": answer.guidance} if answer.guidance else {}


def _describe_option(option: Option) -> dict[str, Any]:
    return {
        "text": option.text,
        **({"correct": True} if option.correct else {}),
        **({"why": option.feedback} if option.feedback else {}),
    }


def _plain(number: Fraction | Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


class _Dumper(yaml.SafeDumper):
    """Writes long texts as blocks, and quotes what would not be read as text again."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        style, text = "|", f"{text.rstrip()}\n"
    elif not isinstance(resolve(text), str):
        style = "'"
    elif len(text) > _LONG:
        style = ">"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _dump(described: Mapping[str, Any]) -> str:
    """Return YAML with a blank line before each question."""
    return "".join(
        _spread(
            yaml.dump(
                dict(described),
                Dumper=_Dumper,
                sort_keys=False,
                allow_unicode=True,
                width=_WIDTH,
                default_flow_style=False,
            ).splitlines(keepends=True)
        )
    )


def _spread(lines: Sequence[str]) -> Iterator[str]:
    first = True
    for line in lines:
        if line.startswith("  - id:"):
            yield "" if first else "\n"
            first = False
        yield line

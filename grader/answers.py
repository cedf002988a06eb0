"""What a student answered to the quiz questions: ``answers.yaml`` becomes values and problems.

Nothing that a student writes raises here. What cannot be understood becomes a ``Problem`` with its line and column,
and the question counts as not answered.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from grader.display import clean_line, clean_text
from grader.errors import Problem, SpecError, suggest
from grader.language import _, later
from grader.submission import ANSWERS, Submission
from grader.yaml_source import MAX_PROBLEMS, Document, Location, parse_bytes

if TYPE_CHECKING:
    from grader.questions import ChoiceQuestion, MultipleChoiceQuestion, QuizQuestion
    from grader.spec import Assignment

Value = str | float | tuple[str, ...] | None
"""choice: a letter; multiple_choice: letters in order; numeric: a finite float; text: a string. None: no answer."""

MAX_TEXT_LENGTH = 10_000
MAX_NUMBER_LENGTH = 100

_LETTER = re.compile(r"\(?([A-Za-z])[).]?")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def format_answer(question: QuizQuestion, *, right: bool = True) -> str:
    """Return a line of answers.yaml with the right answer, or with that of somebody who picks the first choice."""
    from grader.questions import ChoiceQuestion, MultipleChoiceQuestion, NumericQuestion

    if isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
        pairs = zip(question.letters, question.choices, strict=True)
        letters = [letter for letter, choice in pairs if choice.correct] if right else ["a"]
        value = f"[{', '.join(letters)}]" if question.kind == "multiple_choice" else letters[0]
    elif isinstance(question, NumericQuestion):
        value = repr(question.number) if right else "0"
    else:
        value = json.dumps(question.accept[0] if right and question.accept else "I am not sure")
    return f"{question.id}: {value}\n"


@dataclass(frozen=True, slots=True)
class AnswerProblem(Problem):
    """What is wrong in ``answers.yaml``: with the answer to one question, or (None) with the file."""

    question: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """A value for every quiz question (None where there is none), and what could not be understood."""

    values: Mapping[str, Value] = field(default_factory=dict)
    problems: tuple[AnswerProblem, ...] = ()


class _Unclear(Exception):
    """An answer that cannot be understood. Stays inside this module."""

    def __init__(self, message: str, location: Location = ()) -> None:
        super().__init__(message)
        self.message = message
        self.location = location


def read_answers(assignment: Assignment, submission: Submission) -> Answers:
    """Read the answers of a submission: a value or None for every quiz question. Never raises."""
    questions = {question.id: question for question in assignment.quiz_questions}
    values: dict[str, Value] = dict.fromkeys(questions)
    problems: list[AnswerProblem] = []
    content = submission.files.get(ANSWERS)
    if content is not None and questions:
        try:
            document = parse_bytes(content, ANSWERS)
        except SpecError as error:
            slips = _find_slips(content, questions) or _find_indented(content, questions, error.problems[0].line)
            problems = slips or [_problem(one) for one in error.problems[:MAX_PROBLEMS]]
        else:
            is_mapping = isinstance(document.value, dict)
            slips = [] if is_mapping else _find_slips(content, questions)  # one long text, to YAML
            problems = slips or _read_mapping(document, questions, assignment, values)
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return Answers(MappingProxyType(values), tuple(problems))


# YAML's own words for what is wrong with these lines lead nowhere.


def _find_slips(content: bytes, questions: Mapping[str, QuizQuestion]) -> list[AnswerProblem]:
    """Return the lines where an answer stands right behind its colon, or where there is no colon."""
    found = []
    for number, line in enumerate(_split_lines(content), 1):
        name, colon, answer = line.partition(":")
        word, answer_behind = [*line.split(None, 1), "", ""][:2]
        if name in questions and colon and answer[:1].strip():
            message = later("a space is missing after the colon: write {right}")
        elif word in questions and line.startswith(word) and not answer_behind.startswith(":"):
            name, answer = word, answer_behind
            message = later("a colon is missing after {name}: write {right}")
        else:
            continue
        told = {"name": name, "right": f"{name}: {clean_line(answer, 60)}".rstrip()}
        column = len(name) + (2 if colon and name != word else 1)
        found.append(AnswerProblem(ANSWERS, number, column, _(message, **told), name))
    return found[:MAX_PROBLEMS]


def _find_indented(content: bytes, questions: Mapping[str, QuizQuestion], broken: int) -> list[AnswerProblem]:
    """Return the lines with blanks before a question's id: the first ones, or the one that YAML stumbles over."""
    lines = _split_lines(content)[:broken]
    if len(lines) < broken or not lines[-1].strip():
        return []
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), lines[-1])
    usual, last = _count_blanks(first), _count_blanks(lines[-1])
    found = []
    for number, line in enumerate(lines, 1):
        name, blanks = line.partition(":")[0].strip(), _count_blanks(line)
        if name in questions and (last < blanks == usual or (number == broken and blanks > usual)):
            message = _("{name} has to stand at the beginning of its line: delete the blanks before it", name=name)
            found.append(AnswerProblem(ANSWERS, number, 1, message, name))
    return found[:MAX_PROBLEMS]


def _count_blanks(line: str) -> int:
    return len(line) - len(line.lstrip())


def _split_lines(content: bytes) -> list[str]:
    return content.decode("utf-8-sig", "replace").splitlines()


def parse_answer(question: QuizQuestion, typed: str) -> Value:
    """Return what somebody means who types an answer to a question: as if it stood in ``answers.yaml``.

    Raises:
        ValueError: it cannot be understood; the message says what can.
    """
    if not typed.strip():
        return None
    try:
        if question.kind == "choice":
            return _read_letter(typed, question)
        if question.kind == "multiple_choice":
            return tuple(sorted(_read_line(typed.strip("[] "), question)))
        if question.kind == "numeric":
            return _read_number(typed, typed)
        return _read_text(typed)
    except _Unclear as error:
        raise ValueError(error.message) from None


def set_answer(content: str, question: QuizQuestion, typed: str) -> str:
    """Return the text of ``answers.yaml`` with another answer to one question, and all else as it was.

    Raises:
        ValueError: the answer cannot be understood, or the file is written so that only its author can change it.
    """
    value = parse_answer(question, typed)
    line = f"{question.id}: {_format_value(question, value, typed)}".rstrip()
    try:
        before = parse_bytes(content.encode("utf-8"), ANSWERS)
    except SpecError as error:
        raise ValueError(str(error.problems[0])) from None
    lines = content.splitlines(keepends=True)
    if (place := before.places.get((question.id,))) is not None:
        start = place.key_line - 1
        lines[start : _find_end(lines, start)] = [f"{line}\n"]
    else:
        lines += ["" if content.endswith("\n") or not content else "\n", f"{line}\n"]
    changed = "".join(lines)
    if not _is_only_change(before, changed, question, value):
        raise ValueError(
            _(
                "{file} is written so that {question} cannot be changed here: edit it by hand",
                file=ANSWERS,
                question=repr(question.id),
            )
        )
    return changed


def _format_value(question: QuizQuestion, value: Value, typed: str) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    if question.kind == "numeric":
        return typed.strip()
    return json.dumps(value, ensure_ascii=False) if question.kind == "text" else str(value)


def _find_end(lines: list[str], start: int) -> int:
    """Return the line behind a value of the outermost mapping: what is indented, or a list's dashes; no blank end."""
    end = start + 1
    for place in range(start + 1, len(lines)):
        if lines[place].strip() and not lines[place].startswith((" ", "\t", "- ")):
            break
        if lines[place].strip():
            end = place + 1
    return end


def _is_only_change(before: Document, changed: str, question: QuizQuestion, value: Value) -> bool:
    try:
        after = parse_bytes(changed.encode("utf-8"), ANSWERS)
        found = _read_value(after, question.id, question) if isinstance(after.value, dict) else object()
    except (SpecError, _Unclear, KeyError):
        return False
    others = {name: one for name, one in (before.value or {}).items() if name != question.id}
    return found == value and {name: one for name, one in after.value.items() if name != question.id} == others


def _read_mapping(
    document: Document, questions: Mapping[str, QuizQuestion], assignment: Assignment, values: dict[str, Value]
) -> list[AnswerProblem]:
    """Fill ``values`` in, and return what is wrong."""
    if document.value is None:
        return []
    if not isinstance(document.value, dict):
        message = _("write one line for each question, such as {example}", example=f"'{next(iter(questions))}: ...'")
        return [_problem(document.problem((), message))]
    unknown = [name for name in document.value if name not in questions]
    problems = [
        _problem(document.problem((name,), _unknown(name, questions, assignment), key=True))
        for name in unknown[:MAX_PROBLEMS]
    ]
    for name in document.value:
        if name in questions:
            try:
                values[name] = _read_value(document, name, questions[name])
            except _Unclear as error:
                problems.append(_problem(document.problem((name, *error.location), error.message), name))
    return problems


def _unknown(name: str, questions: Mapping[str, QuizQuestion], assignment: Assignment) -> str:
    for question in assignment.code_questions:
        if question.id == name:
            return _("{name} is a code question: answer it in {file}, not here", name=name, file=question.file)
    known = suggest(name[:100], questions) or _("; the questions are {names}", names=", ".join(questions))
    return _("there is no question {name}", name=repr(clean_line(name, 60))) + known


def _read_value(document: Document, name: str, question: QuizQuestion) -> Value:
    value = document.value[name]
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if question.kind == "multiple_choice":
        return _read_letters(document, name, question)
    if isinstance(value, (list, dict)):
        if isinstance(value, list):
            raise _Unclear(_("one value is asked for, and this is a list"))
        raise _Unclear(_("one value is asked for, and this is a mapping; put text that holds ': ' in quotes"))
    # As it was written: a number's text must not lose its zeros on the way.
    written = document.text((name,)) or str(value)
    if question.kind == "choice":
        return _read_letter(written, question)
    if question.kind == "numeric":
        return _read_number(written, value)
    return _read_text(written)


def _read_letter(written: str, question: ChoiceQuestion | MultipleChoiceQuestion, location: Location = ()) -> str:
    letters = dict(zip(question.letters, (_flat(choice.text) for choice in question.choices), strict=True))
    if match := _LETTER.fullmatch(written.strip()):
        letter = match[1].lower()
        if letter in letters:
            return letter
    for letter, text in letters.items():
        if text == _flat(written[:MAX_TEXT_LENGTH]):
            return letter
    choices = ", ".join(f"{letter} ({clean_line(text, 40)})" for letter, text in letters.items())
    answer = repr(clean_line(written, 60))
    several = written.strip().casefold()
    if question.kind == "multiple_choice" and 1 < len(several) <= len(letters) and set(several) <= letters.keys():
        apart = ", ".join(several)
        raise _Unclear(
            _("{answer} is one word; write the letters apart: {letters}", answer=answer, letters=apart), location
        )
    if (
        question.kind == "choice"
        and len(parts := re.split(r"\s*[,;]\s*", several)) > 1
        and set(parts) <= letters.keys()
    ):
        raise _Unclear(_("{answer} is more than one letter, and one is asked for", answer=answer), location)
    raise _Unclear(_("{answer} is not one of the choices: {choices}", answer=answer, choices=choices), location)


def _read_letters(
    document: Document, name: str, question: ChoiceQuestion | MultipleChoiceQuestion
) -> tuple[str, ...] | None:
    value = document.value[name]
    if isinstance(value, dict):
        raise _Unclear(_("a list of letters is asked for, such as [a, c], and this is a mapping"))
    if isinstance(value, list):
        if len(value) > len(ascii_lowercase):
            raise _Unclear(_("{number} letters are more than there are choices", number=len(value)))
        chosen = {_read_entry(document, (name, index), question) for index in range(len(value))}
    else:
        chosen = _read_line(document.text((name,)) or str(value), question)
    return tuple(sorted(chosen)) or None


def _read_entry(document: Document, location: Location, question: ChoiceQuestion | MultipleChoiceQuestion) -> str:
    written = document.text(location)
    if written is None:
        raise _Unclear(_("a list of letters is asked for, such as [a, c], and this is nested"), location[1:])
    return _read_letter(written, question, location[1:])


def _read_line(written: str, question: ChoiceQuestion | MultipleChoiceQuestion) -> set[str]:
    """Read letters on one line, ``a, c``. The text of a choice may hold commas, so it is tried as a whole first."""
    try:
        return {_read_letter(written, question)}
    except _Unclear:
        parts = [part for part in re.split(r"[,;\s]+", written[:MAX_TEXT_LENGTH]) if part]
        if len(parts) < 2 or not all(_LETTER.fullmatch(part) for part in parts):
            raise
    return {_read_letter(part, question) for part in parts[: 2 * len(ascii_lowercase)]}


def _read_number(written: str, value: Any) -> float:
    written = written.strip()
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if len(written) > MAX_NUMBER_LENGTH or not (is_number or _NUMBER.fullmatch(written)):
        comma = re.fullmatch(r"[-+]?[0-9]+,[0-9]+", written[:MAX_NUMBER_LENGTH])
        answer, point = repr(clean_line(written, 60)), written.replace(",", ".")
        if comma:
            raise _Unclear(_("{answer} is not a number; write {number}", answer=answer, number=point))
        raise _Unclear(_("{answer} is not a number; write it as 0.375 or 1e-3, without a unit", answer=answer))
    number = float(value) if is_number else float(written)
    if not math.isfinite(number):
        raise _Unclear(_("{answer} is not a finite number", answer=clean_line(written, 60)))
    return number


def _read_text(written: str) -> str:
    if len(written) > MAX_TEXT_LENGTH:
        message = _(
            "this answer has {number} characters, and at most {limit} are taken",
            number=f"{len(written):,}",
            limit=f"{MAX_TEXT_LENGTH:,}",
        )
        raise _Unclear(message)
    return clean_text(written.strip(), MAX_TEXT_LENGTH)


def _flat(text: str) -> str:
    """Return a text with every run of white space as one space: YAML folds lines."""
    return " ".join(text.split())


def _problem(problem: Problem, question: str | None = None) -> AnswerProblem:
    message = clean_line(problem.message, 1_000)
    return AnswerProblem(problem.path, problem.line, problem.column, message, question)

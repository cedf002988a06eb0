"""What a submission did wrong, in the words of the known mistakes: told from what it computes, and from its answers.

A diagnosis explains; it never gives or costs a point.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.answers import Answers
from grader.questions import ChoiceQuestion, MultipleChoiceQuestion
from grader.spec import Assignment, Mistake, parse_python


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A known mistake that was found, what its author tells the student, and the questions that show it.

    ``code`` are code questions that compute like it, ``quiz`` those of which a choice shows it.
    """

    mistake: str
    title: str
    explanation: str
    code: tuple[str, ...] = ()
    quiz: tuple[str, ...] = ()


def find_diagnoses(
    assignment: Assignment, recognised: Mapping[str, tuple[str, ...]], answers: Answers
) -> tuple[Diagnosis, ...]:
    """Return the mistakes that a submission shows, in the assignment's order.

    ``recognised`` maps code questions to the ids of the mistakes that they compute like.
    """
    picked = dict.fromkeys(_picked_mistakes(assignment, answers))  # two choices of a question may rest on the same
    return tuple(
        Diagnosis(mistake.id, *read_mistake(assignment, mistake), code=code, quiz=quiz)
        for mistake in assignment.mistakes
        if (code := tuple(question for question, names in recognised.items() if mistake.id in names))
        + (quiz := tuple(question for question, name in picked if name == mistake.id))
    )


def _picked_mistakes(assignment: Assignment, answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield the questions of which a wrong choice was picked, with the mistakes that those choices rest on."""
    for question in assignment.quiz_questions:
        if isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
            for choice in question.picked(answers.values.get(question.id)):
                if choice.mistake is not None and not choice.correct:
                    yield question.id, choice.mistake


def read_mistake(assignment: Assignment, mistake: Mistake) -> tuple[str, str]:
    """Return the title (its docstring's first line) and the explanation (the rest) of a mistake's file."""
    try:
        tree = parse_python((assignment.directory / mistake.file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return mistake.id, ""
    title, _, rest = (ast.get_docstring(tree) or "").strip().partition("\n")
    return title or mistake.id, "\n\n".join(_join_lines(paragraph) for paragraph in rest.strip().split("\n\n"))


def _join_lines(paragraph: str) -> str:
    """Return a paragraph as one line, for whoever shows it to break; what is indented stays as it is."""
    lines = paragraph.splitlines()
    return paragraph if any(line.startswith(" ") for line in lines) else " ".join(lines)

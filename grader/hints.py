"""Hints: one step after the other, as the assignment allows, and each on record before it is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.decisions import HintTaken
from grader.errors import InputError
from grader.gradebook import Gradebook
from grader.language import _, plural
from grader.questions import Hint, Question
from grader.roster import Roster
from grader.scoring import find_teammates
from grader.spec import Assignment


@dataclass(frozen=True, slots=True)
class HintState:
    """How far a student has come with a question's hints: so many of them are ``taken``."""

    question: Question
    taken: int

    @property
    def told(self) -> Sequence[Hint]:
        """The hints that the student has read."""
        return self.question.hints[: self.taken]

    @property
    def following(self) -> Hint | None:
        """The hint that comes next, None where there is none."""
        return self.question.hints[self.taken] if self.taken < len(self.question.hints) else None


def list_hints(assignment: Assignment, taken: Iterable[HintTaken]) -> list[HintState]:
    """Return the questions that have hints, and how many of each a student has taken; ``taken`` are that student's."""
    steps: dict[str, int] = {}
    for hint in taken:
        steps[hint.question] = max(steps.get(hint.question, 0), hint.step)
    return [
        HintState(question, min(steps.get(question.id, 0), len(question.hints)))
        for question in assignment.questions
        if question.hints
    ]


def take_hint(gradebook: Gradebook, assignment: Assignment, state: HintState, student: str, now: datetime) -> HintState:
    """Take the next hint of a question. It is on record when this returns, and may be shown from then on.

    Raises:
        InputError: there is none any more, or too few attempts were made for it.
        GradebookError: it cannot be put on record.
    """
    hint, step = state.following, state.taken + 1
    if hint is None:
        raise InputError(_("{question} has no further hint", question=state.question.id), _("ask your instructor"))
    made = count_attempts(gradebook, assignment, student)
    if made < hint.after:
        message = plural(
            "hint {step} of {question} is for after {number} attempt; so far there are {made}",
            "hint {step} of {question} is for after {number} attempts; so far there are {made}",
            hint.after,
            step=step,
            question=state.question.id,
            made=made,
        )
        advice = _("`grader submit` what you have, and ask again: {count} to go", count=hint.after - made)
        raise InputError(message, advice)
    gradebook.take_hint(HintTaken(student, assignment.id, state.question.id, step, now))
    return HintState(state.question, step)


def count_attempts(gradebook: Gradebook, assignment: Assignment, student: str) -> int:
    """Return how many attempts a student, or the group, has handed in."""
    team = set(find_teammates(assignment, student, gradebook.roster() or Roster()))
    return sum(not team.isdisjoint(entry.students) for entry in gradebook.entries(assignment=assignment.id))

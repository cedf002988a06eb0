"""Answers that a person must read: which ones wait, and what a mark changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from grader.deciding import Effect
from grader.decisions import Mark
from grader.enrolment import check_known
from grader.errors import InputError, suggest
from grader.gradebook import Entry, Gradebook
from grader.questions import Question
from grader.scoring import Grade, QuestionGrade, Status, apply_marks, check_mark, score_rubric
from grader.settlement import Settled, group_by, settle_assignment, settle_student
from grader.spec import Assignment, Course


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that waits for a person: to a question, in a submission, and as the gradebook has it."""

    entry: Entry
    question: Question
    graded: QuestionGrade

    @property
    def key(self) -> tuple[str, str]:
        """Tells it from all others: the submission and the question."""
        return self.entry.id, self.question.id

    @property
    def text(self) -> str:
        """What the student wrote."""
        return self.graded.answer or ""

    @property
    def asked(self) -> str:
        """What this student was asked: there may be variants."""
        return self.graded.asked or self.question.prompt

    def is_same(self, other: Answer) -> bool:
        """Did another one write the same to the same question? White space does not count."""
        return self.question.id == other.question.id and fold(self.text) == fold(other.text)


def fold(text: str) -> str:
    """Return a text with every run of white space as one space."""
    return " ".join(text.split())


def find_waiting(
    course: Course, gradebook: Gradebook, assignment: Assignment, student: str | None = None
) -> tuple[Answer, ...]:
    """Return the answers that wait for a person, of everybody or of one student.

    Only those of submissions that count by the policy, or may count: nobody reads what changes no grade. They come
    question by question; of a student's submissions the newest first.
    """
    if student is None:
        settled = settle_assignment(course, gradebook, assignment)
    else:
        student = check_known(gradebook, student)
        settled = {student: settle_student(course, gradebook, assignment, student)}
    chosen = _choose_submissions(settled.values())
    marks = group_by(gradebook.marks(assignment.id), lambda mark: mark.submission)
    questions = {question.id: number for number, question in enumerate(assignment.questions)}
    found = [
        Answer(entry, assignment.questions[questions[question.id]], question)
        for entry, grade in gradebook.graded(student, assignment.id)
        if entry.id in chosen and grade is not None
        for question in apply_marks(grade, marks.get(entry.id, ()), assignment).questions
        if question.status is Status.NEEDS_REVIEW and question.id in questions
    ]
    first = {answer.entry.student: number for number, answer in reversed(list(enumerate(found)))}
    found.sort(key=lambda answer: (questions[answer.question.id], first[answer.entry.student], -answer.entry.number))
    return tuple(found)


def still_waits(course: Course, gradebook: Gradebook, assignment: Assignment, answer: Answer) -> bool:
    """Say whether nobody has marked an answer meanwhile, and whether it may still count."""
    return any(
        other.key == answer.key
        for student in answer.entry.students
        for other in find_waiting(course, gradebook, assignment, student)
    )


def _choose_submissions(settled: Iterable[Settled]) -> frozenset[str]:
    attempts = (
        attempt
        for one in settled
        if one.final.override is None
        for attempt in (one.final.attempt, *one.final.rivals)
        if attempt is not None
    )
    return frozenset(attempt.submission for attempt in attempts)


def find_entry(
    course: Course, gradebook: Gradebook, assignment: Assignment, student: str, number: int | None = None
) -> Entry:
    """Return a student's submission: the one that counts, or the attempt with a number.

    Raises:
        InputError: there is no such student or submission.
    """
    student = check_known(gradebook, student)
    if number is None:
        entry = settle_student(course, gradebook, assignment, student).entry
        if entry is None:
            raise InputError(f"{student} has handed in nothing for {assignment.id}", "`grader override` gives a score")
        return entry
    entries = gradebook.entries(student, assignment.id)
    for entry in entries:
        if entry.number == number:
            return entry
    numbers = ", ".join(str(entry.number) for entry in entries[:20]) or "none"
    raise InputError(f"{student} has no attempt {number} at {assignment.id}", f"the attempts are: {numbers}")


@dataclass(frozen=True, slots=True)
class Marked:
    """What a mark did to a submission's question and, for each whom the submission counts for, to the grade."""

    before: QuestionGrade
    after: QuestionGrade
    effects: tuple[Effect, ...]


def make_mark(
    question: Question,
    entry: Entry,
    score: Fraction | None,
    rubric: Sequence[str] = (),
    comment: str | None = None,
    *,
    by: str,
    at: datetime,
) -> Mark:
    """Return a mark with a score, or with levels of the rubric, which make the score.

    Raises:
        InputError: the score or a level is not possible.
    """
    score = score_rubric(question, rubric) if score is None else check_mark(question, score)
    return Mark(entry.id, question.id, score, by, at, tuple(rubric), comment)


def keep_mark(course: Course, gradebook: Gradebook, assignment: Assignment, entry: Entry, mark: Mark) -> Marked:
    """Add a mark to a submission, or (score None) take back what is there; return what that changes.

    Raises:
        InputError: the submission has no grade yet, or no such question, or there is nothing to take back.
    """
    grade = gradebook.grade(entry)
    if grade is None:
        message = f"attempt {entry.number} of {entry.student} has not been graded yet"
        raise InputError(message, f"`grader regrade {assignment.id} --student {entry.student}` does it")
    before = _find_question(gradebook, entry, grade, assignment, mark.question)
    if mark.score is None and before.marked_by is None:
        raise InputError(f"nobody has marked {mark.question!r} of {entry.student}, attempt {entry.number}")
    finals = {one: settle_student(course, gradebook, assignment, one).final for one in entry.students}
    gradebook.add_mark(mark)
    after = _find_question(gradebook, entry, grade, assignment, mark.question)
    effects = (
        Effect(student, final, settle_student(course, gradebook, assignment, student).final)
        for student, final in finals.items()
    )
    return Marked(before, after, tuple(effects))


def _find_question(
    gradebook: Gradebook, entry: Entry, grade: Grade, assignment: Assignment, question_id: str
) -> QuestionGrade:
    questions: Mapping[str, QuestionGrade] = {
        question.id: question for question in apply_marks(grade, gradebook.marks(entry=entry), assignment).questions
    }
    if question_id not in questions:
        message = f"attempt {entry.number} of {entry.student} has no question {question_id!r}"
        near = suggest(question_id, questions)
        raise InputError(
            f"{message}{near}", f"its questions are {', '.join(questions)}; `grader regrade` adds new ones"
        )
    return questions[question_id]

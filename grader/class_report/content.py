"""What an instructor sees of a course: every student, every assignment, and the figures of the class.

It is worked out here, once, and every text from outside is cleaned. What shows it afterwards shows all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction
from urllib.parse import quote

from grader.class_report.risk import Risk, StudentWork, find_risks
from grader.class_report.sources import AssignmentSource, ClassSource
from grader.class_report.versions import Versions, find_versions
from grader.diagnosis import Diagnosis
from grader.display import clean_line, clean_text
from grader.questions import ChoiceQuestion, MultipleChoiceQuestion
from grader.report import SubmissionInfo
from grader.report.wording import NOT_GRADED, STATUSES, Verdict
from grader.scoring import Attempt, Grade, Status, measure_lateness
from grader.settlement import Settled
from grader.statistics import (
    AssignmentFigures,
    ChoiceFigures,
    ItemAnalysis,
    SuccessFigures,
    analyse_items,
    assignment_figures,
    choice_figures,
    success_figures,
)

ZERO = Fraction(0)
ON_TIME = timedelta(0)
CHOICE_LENGTH = 300
EXPLANATION_LENGTH = 2_000
_COUNTED = (Status.GRADED, Status.NEEDS_REVIEW)


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One submission of a student. ``number`` counts them from 1, ``late`` is 0 or below for what is on time."""

    number: int
    submitted_at: datetime
    late: timedelta
    status: Status | None
    score: Fraction
    points: Fraction
    counts: bool


@dataclass(frozen=True, slots=True)
class ClassCell:
    """What counts for one student and one assignment. ``status`` is None while there is no grade.

    ``late`` is how late the submission that counts came, ``attempts`` are all that the student handed in.
    """

    info: SubmissionInfo
    status: Status | None
    score: Fraction = ZERO
    points: Fraction = ZERO
    bonus: Fraction = ZERO
    deferred: Fraction = ZERO
    link: str | None = None
    late: timedelta = ON_TIME
    due: datetime | None = None
    overridden: bool = False
    attempts: tuple[AttemptLine, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Its status, in words."""
        return NOT_GRADED if self.status is None else STATUSES[self.status]

    @property
    def is_late(self) -> bool:
        """Did the submission that counts come after it was due?"""
        return self.late > ON_TIME

    @property
    def counted_score(self) -> Fraction | None:
        """The score, once there is one that counts."""
        return self.score if self.status in _COUNTED else None


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """A choice of a quiz question and how it was picked. ``correct`` and ``text`` are None where students differ."""

    figures: ChoiceFigures
    text: str | None
    correct: bool | None


@dataclass(frozen=True, slots=True)
class ChoiceTable:
    """The choices of one quiz question."""

    question: str
    title: str
    choices: tuple[ChoiceLine, ...]


@dataclass(frozen=True, slots=True)
class DiagnosisFigures:
    """A known mistake, and how many submissions that count show it, in ``code`` and in the ``quiz``.

    ``examples`` are pieces of code that show it, ``choices`` what was picked; neither says by whom.
    """

    mistake: str
    title: str
    explanation: str
    students: int
    of: int
    code: int
    quiz: int
    questions: tuple[str, ...]
    examples: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def share(self) -> Fraction | None:
        """The share of the graded submissions that show it."""
        return Fraction(self.students, self.of) if self.of else None


@dataclass(frozen=True, slots=True)
class ClassAssignment:
    """One assignment of the course: the figures of the class, and each student's cell."""

    id: str
    title: str
    points: Fraction
    figures: AssignmentFigures
    cells: Mapping[str, ClassCell] = field(default_factory=dict)
    due: datetime | None = None
    analysis: ItemAnalysis = field(default_factory=lambda: ItemAnalysis((), 0, None))
    choices: tuple[ChoiceTable, ...] = ()
    success: SuccessFigures = field(default_factory=lambda: success_figures(()))
    diagnoses: tuple[DiagnosisFigures, ...] = ()
    versions: Versions | None = None

    @property
    def page(self) -> str:
        """Where its page is, from the overview."""
        return f"assignments/{quote(self.id)}.html"

    @property
    def late(self) -> int:
        """How many submissions that count came late."""
        return sum(cell.is_late for cell in self.cells.values())

    @property
    def handed_in(self) -> int:
        """How many students have handed something in; an override alone is no submission."""
        return sum(cell.info.id is not None for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class ClassStudent:
    """One student. ``key`` is the id as the gradebook has it, ``id`` as it is shown."""

    key: str
    id: str
    number: int
    name: str | None = None
    section: str | None = None
    risks: tuple[Risk, ...] = ()

    @property
    def page(self) -> str:
        """Where the student's page is, from the overview. An id need not fit a file's name, so it is a number."""
        return f"students/{self.number:04d}.html"


@dataclass(frozen=True, slots=True)
class ClassReport:
    """What an instructor sees of a course at a moment: every student, every assignment. Times are told in ``zone``."""

    course: str
    students: tuple[ClassStudent, ...]
    assignments: tuple[ClassAssignment, ...]
    as_of: datetime
    zone: tzinfo | None = None

    @property
    def points(self) -> Fraction:
        """What the whole course is worth."""
        return sum((assignment.points for assignment in self.assignments), ZERO)

    @property
    def has_bonus(self) -> bool:
        """Whether anybody has earned a bonus point."""
        return any(cell.bonus for assignment in self.assignments for cell in assignment.cells.values())

    @property
    def at_risk(self) -> list[ClassStudent]:
        """The students with a reason to ask after them, those with the weightiest reasons first."""
        found = [student for student in self.students if student.risks]
        return sorted(found, key=lambda one: (-sum(risk.weight for risk in one.risks), one.number))

    @property
    def has_work(self) -> bool:
        """Whether anybody has handed in anything."""
        return any(assignment.handed_in for assignment in self.assignments)

    def total(self, student: str) -> Fraction | None:
        """Return the sum of a student's scores so far; None where there is none. What is pending does not count yet."""
        cells = [assignment.cells.get(student) for assignment in self.assignments]
        scores = [score for cell in cells if cell is not None and (score := cell.counted_score) is not None]
        return sum(scores, ZERO) if scores else None

    def possible(self, student: str) -> Fraction:
        """Return what the assignments are worth in which a student has a score."""
        cells = [assignment.cells.get(student) for assignment in self.assignments]
        return sum((cell.points for cell in cells if cell is not None and cell.counted_score is not None), ZERO)


def build_class_report(
    source: ClassSource, now: datetime, links: Mapping[tuple[str, str], str] | None = None
) -> ClassReport:
    """Return the report of a course for its instructors, as of ``now``.

    Students are those of the roster and whoever else has handed in, by their ids. ``links`` are relative paths to the
    reports on their submissions, by (student, assignment).
    """
    known = {student.id: student for student in source.roster.students}
    has_something = {student for one in source.assignments for student, own in one.settled.items() if _is_anything(own)}
    everyone = sorted({*known, *has_something})
    students = []
    for number, key in enumerate(everyone, start=1):
        works = [StudentWork(one.assignment, one.settled[key]) for one in source.assignments if key in one.settled]
        entry = known.get(key)
        students.append(
            ClassStudent(
                key=key,
                id=clean_line(key),
                number=number,
                name=clean_line(entry.name) if entry is not None and entry.name else None,
                section=clean_line(entry.section) if entry is not None and entry.section else None,
                risks=find_risks(works, now, source.zone),
            )
        )
    return ClassReport(
        course=clean_line(source.title),
        students=tuple(students),
        assignments=tuple(_build_assignment(one, everyone, links or {}) for one in source.assignments),
        as_of=now,
        zone=source.zone,
    )


def _is_anything(settled: Settled) -> bool:
    """Is there a submission, or has somebody decided on a score without one?"""
    return settled.entry is not None or settled.grade is not None


def _build_assignment(
    source: AssignmentSource, students: Sequence[str], links: Mapping[tuple[str, str], str]
) -> ClassAssignment:
    assignment = source.assignment
    own = {
        student: one for student in students if (one := source.settled.get(student)) is not None and _is_anything(one)
    }
    grades = _distinct_grades(own)
    analysis = analyse_items(grades)
    figures = assignment_figures(assignment.points, [one.grade for one in own.values()])
    return ClassAssignment(
        id=clean_line(assignment.id),
        title=clean_line(assignment.title),
        points=assignment.points,
        figures=_clean_figures(figures),
        cells={student: _build_cell(one, links.get((student, assignment.id))) for student, one in own.items()},
        due=source.due,
        analysis=_clean_analysis(analysis),
        choices=tuple(_choice_tables(source, grades, analysis)),
        success=success_figures([one.attempts for one in own.values()]),
        diagnoses=_count_diagnoses(source, grades),
        versions=find_versions(own, source.gradings),
    )


def _distinct_grades(settled: Mapping[str, Settled]) -> list[Grade]:
    """Return the grades of the submissions that count, a group's once, with people's marks and without lateness."""
    found = {one.entry.id: one.final.grade for one in settled.values() if one.entry is not None}
    return [grade for grade in found.values() if grade is not None]


def _build_cell(settled: Settled, link: str | None) -> ClassCell:
    final, entry = settled.final, settled.entry
    # Quoted, a path is a path: no colon in it makes it an address, no # cuts it short.
    href = None if link is None else quote(link.encode("utf-8", "surrogateescape"))
    info = SubmissionInfo(student=clean_line(final.student))
    if entry is not None:
        info = SubmissionInfo(entry.id, entry.digest, entry.submitted_at, clean_line(final.student))
    grade = settled.grade
    shown = grade or Grade(final.assignment, "", Status.PENDING, ZERO, ZERO)
    return ClassCell(
        info=info,
        status=None if grade is None else grade.status,
        score=shown.score,
        points=shown.points,
        bonus=shown.bonus,
        deferred=shown.deferred,
        link=href,
        late=final.lateness,
        due=final.due,
        overridden=final.override is not None,
        attempts=tuple(_attempt_line(number, one, settled) for number, one in enumerate(settled.attempts, start=1)),
        diagnoses=tuple(replace(found, title=clean_line(found.title)) for found in shown.diagnoses),
    )


def _attempt_line(number: int, attempt: Attempt, settled: Settled) -> AttemptLine:
    grade, final = attempt.grade, settled.final
    return AttemptLine(
        number=number,
        submitted_at=attempt.submitted_at,
        late=measure_lateness(attempt.submitted_at, final.due),
        status=None if grade is None else grade.status,
        score=ZERO if grade is None else grade.score,
        points=ZERO if grade is None else grade.points,
        counts=final.attempt is not None and final.attempt.submission == attempt.submission,
    )


def _choice_tables(source: AssignmentSource, grades: Sequence[Grade], analysis: ItemAnalysis) -> list[ChoiceTable]:
    tables = []
    for question in source.assignment.questions:
        if not isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
            continue
        figures = choice_figures(grades, question.id, question.letters, analysis)
        if not any(one.answered for one in figures):
            continue
        alike = question.variants is None
        lines = [
            ChoiceLine(
                figures=one,
                text=clean_line(choice.text, CHOICE_LENGTH) if alike else None,
                correct=bool(choice.correct) if alike else None,
            )
            for one, choice in zip(figures, question.choices, strict=True)
        ]
        tables.append(ChoiceTable(question.id, clean_line(question.title or question.id), tuple(lines)))
    return tables


def _count_diagnoses(source: AssignmentSource, grades: Sequence[Grade]) -> tuple[DiagnosisFigures, ...]:
    """Return how many show each known mistake, the most frequent first."""
    found: dict[str, list[Diagnosis]] = {}
    for grade in grades:
        for diagnosis in grade.diagnoses:
            found.setdefault(diagnosis.mistake, []).append(diagnosis)
    of = sum(grade.status is not Status.PENDING for grade in grades)
    figures = [_diagnosis_figures(source, own, max(of, len(own))) for own in found.values()]
    return tuple(sorted(figures, key=lambda one: (-one.students, one.mistake)))


def _diagnosis_figures(source: AssignmentSource, found: Sequence[Diagnosis], of: int) -> DiagnosisFigures:
    latest = found[-1]
    questions = dict.fromkeys(question for one in found for question in (*one.code, *one.quiz))
    return DiagnosisFigures(
        mistake=clean_line(latest.mistake),
        title=clean_line(latest.title),
        explanation=clean_text(latest.explanation, EXPLANATION_LENGTH),
        students=len(found),
        of=of,
        code=sum(bool(one.code) for one in found),
        quiz=sum(bool(one.quiz) for one in found),
        questions=tuple(map(clean_line, questions)),
        examples=tuple(source.examples.get(latest.mistake, ())),
        choices=tuple(_choices_of(source, latest.mistake, {name for one in found for name in one.quiz})),
    )


def _choices_of(source: AssignmentSource, mistake: str, questions: set[str]) -> list[str]:
    """Return the choices that show a mistake, of the questions in which one was picked."""
    shown = []
    for question in source.assignment.questions:
        if not isinstance(question, ChoiceQuestion | MultipleChoiceQuestion) or question.id not in questions:
            continue
        title = clean_line(question.title or question.id)
        for letter, choice in zip(question.letters, question.choices, strict=True):
            if choice.mistake == mistake:
                text = clean_line(choice.text, CHOICE_LENGTH) if question.variants is None else letter
                shown.append(f"{title}: {text}")
    return shown


def _clean_figures(figures: AssignmentFigures) -> AssignmentFigures:
    return replace(
        figures,
        checks=tuple(replace(check, title=clean_line(check.title)) for check in figures.checks),
        questions=tuple(replace(question, title=clean_line(question.title)) for question in figures.questions),
    )


def _clean_analysis(analysis: ItemAnalysis) -> ItemAnalysis:
    items = (replace(one, item=replace(one.item, title=clean_line(one.item.title))) for one in analysis.items)
    left_out = (replace(item, title=clean_line(item.title)) for item in analysis.left_out)
    return replace(analysis, items=tuple(items), left_out=tuple(left_out))

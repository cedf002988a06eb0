"""The tables of a class report: a page shows them, a CSV file holds the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction

from grader.class_report.cells import (
    MINUS,
    Cell,
    Column,
    Table,
    amount_cell,
    correlation_cell,
    count_cell,
    late_cell,
    moment_cell,
    percent_cell,
)
from grader.class_report.content import (
    AttemptLine,
    ChoiceLine,
    ChoiceTable,
    ClassAssignment,
    ClassCell,
    ClassReport,
    ClassStudent,
    DiagnosisFigures,
)
from grader.class_report.days import count_days, format_day
from grader.class_report.earlier import Comparison, Pair
from grader.class_report.versions import Versions
from grader.display import UNDECIDED, format_amount, format_moment, to_number
from grader.report.wording import DEFERRED, NOT_GRADED, STATUSES, VERDICTS, Verdict
from grader.results import Outcome
from grader.scoring import Status
from grader.statistics import AssignmentFigures, Item, ItemFigures, Spread, SuccessFigures, count_bins

POOR = 0.2  # below this an item tells students apart poorly: see docs/class_report.md
FLAGGED = 5  # students from whom on what everybody or nobody does says something of an item
NOTICED = 0.01  # a change of alpha below this is not worth a word

# The overview


def submissions_table(report: ClassReport) -> Table:
    """Return who has handed in, and how the scores are, by assignment."""
    rows = []
    for one in report.assignments:
        figures = one.figures
        open_work = [
            (figures.statuses[Status.NEEDS_REVIEW], STATUSES[Status.NEEDS_REVIEW]),
            (figures.statuses[Status.PENDING], STATUSES[Status.PENDING]),
            (figures.ungraded, NOT_GRADED),
        ]
        tags = tuple(Verdict("", f"{count} {verdict.label}", verdict.tone) for count, verdict in open_work if count)
        rows.append(
            (
                Cell(one.title, link=one.page),
                moment_cell(one.due, report.zone),
                Cell(f"{one.handed_in} of {len(report.students)}", one.handed_in),
                percent_cell(Fraction(one.late, one.handed_in) if one.handed_in else None),
                amount_cell(one.points),
                amount_cell(figures.mean),
                amount_cell(figures.median),
                count_cell(figures.full),
                Cell("", ", ".join(tag.label for tag in tags), tags=tags),
            )
        )
    columns = (
        Column("Assignment"),
        Column("Due"),
        Column("Handed in", True),
        Column("Late", True),
        Column("Points", True),
        Column("Mean", True),
        Column("Median", True),
        Column("Full marks", True),
        Column("Waits"),
    )
    caption = (
        "What counts for each student, by the policy of the course. Mean and median are of the graded ones, without "
        "bonus points."
    )
    return Table("assignments", caption, columns, tuple(rows))


def scores_table(report: ClassReport) -> Table:
    """Return every student's scores."""
    named = any(student.name for student in report.students)
    columns = [Column("Student"), *([Column("Name")] if named else [])]
    columns += [Column(one.title, True, f"of {format_amount(one.points)}") for one in report.assignments]
    columns.append(Column("Total so far", True, f"of {format_amount(report.points)}"))
    rows = []
    for student in report.students:
        cells = [Cell(student.id, link=student.page), *([Cell(student.name or "")] if named else [])]
        cells += [score_cell(one.cells.get(student.key)) for one in report.assignments]
        rows.append((*cells, amount_cell(report.total(student.key))))
    bonus = "; +1 is a bonus point, which the total leaves out" if report.has_bonus else ""
    caption = f"What counts for each student{bonus}. {UNDECIDED} means that nothing was handed in."
    return Table("scores", caption, tuple(columns), tuple(rows))


def score_cell(cell: ClassCell | None, root: str = "") -> Cell:
    """Return what counts for one student and one assignment; ``root`` leads from the page to the overview's folder."""
    if cell is None:
        return Cell(UNDECIDED)
    tags = () if cell.status is Status.GRADED else (cell.verdict,)
    if cell.deferred:
        tags = (*tags, Verdict("", f"{format_amount(cell.deferred)} deferred", DEFERRED.tone))
    score = cell.counted_score
    text = "" if score is None else format_amount(score)
    if score is not None and cell.bonus:
        text += f" +{format_amount(cell.bonus)}"
    value = cell.verdict.label if score is None else to_number(score)
    return Cell(text, value, link=root + cell.link if cell.link else None, tags=tags)


def risk_table(report: ClassReport) -> Table:
    """Return the students at risk, each with the reasons."""
    rows = tuple(
        (
            Cell(student.id, link=student.page, note=student.name),
            Cell("\n".join(risk.words for risk in student.risks), " ".join(risk.words for risk in student.risks)),
            amount_cell(report.total(student.key)),
            amount_cell(report.possible(student.key)),
        )
        for student in report.at_risk
    )
    columns = (Column("Student"), Column("Why"), Column("Points so far", True), Column("Of", True))
    return Table("at-risk", "The weightiest reasons first. It is a reason to ask, not a verdict.", columns, rows)


def totals_table(report: ClassReport) -> Table:
    """Return the students by their points so far, as a share of what their graded assignments are worth."""
    shares = [
        total / possible
        for student in report.students
        if (total := report.total(student.key)) is not None and (possible := report.possible(student.key)) > 0
    ]
    counts = count_bins(shares)
    width = 100 // len(counts)
    rows = tuple(
        (
            Cell(f"{place * width} to {'' if place == len(counts) - 1 else 'under '}{(place + 1) * width} %"),
            count_cell(count),
        )
        for place, count in enumerate(counts)
    )
    columns = (Column("Share of the points"), Column("Students", True))
    return Table(
        "totals", "Students by their points so far, of what their graded assignments are worth.", columns, rows
    )


def days_table(report: ClassReport) -> Table:
    """Return how many submissions came on each day, by assignment."""
    titles: Mapping[str, str] = {one.id: one.title for one in report.assignments}
    rows = tuple(
        (
            Cell(format_day(day), day.isoformat()),
            *(count_cell(one.by_assignment[name]) for name in titles),
            count_cell(one.all),
            count_cell(one.late),
        )
        for day, one in count_days(report).items()
    )
    columns = (
        Column("Day"),
        *(Column(title, True) for title in titles.values()),
        Column("All", True),
        Column("Late", True),
    )
    return Table("submissions-by-day", "All submissions that came, attempts that do not count included.", columns, rows)


# An assignment


def bins_table(assignment: ClassAssignment) -> Table:
    """Return the graded submissions by score."""
    bins = assignment.figures.bins
    rows = tuple(
        (Cell(label), count_cell(one.count)) for label, one in zip(bin_labels(assignment.figures), bins, strict=True)
    )
    columns = (Column("Score"), Column("Submissions", True))
    return Table(f"{assignment.id}-scores", "Graded submissions by score.", columns, rows)


def bin_labels(figures: AssignmentFigures) -> list[str]:
    """Return what each bin is called: ``2 to under 3``, the last ``9 to 10``."""
    bins = figures.bins
    return [
        f"{format_amount(one.low)} to {'' if one is bins[-1] else 'under '}{format_amount(one.high)}" for one in bins
    ]


def items_table(assignment: ClassAssignment) -> Table:
    """Return every item: how hard it was, how well it tells students apart, and what is to be looked at."""
    rows = tuple(_item_row(assignment, one) for one in assignment.analysis.items)
    columns = (
        Column("Check or question"),
        Column("Points", True),
        Column("Difficulty", True, "high is easy"),
        Column("Discrimination", True, "correlation with the rest"),
        Column("Upper-lower", True, "best less worst 27 %"),
        Column("Alpha without", True, "of all the others"),
        Column("Look at"),
    )
    caption = (
        "Every check and every quiz question. Difficulty counts what says something of the student: not what broke, "
        "was not run, is deferred or waits for a person."
    )
    return Table(f"{assignment.id}-items", caption, columns, rows)


def _item_row(assignment: ClassAssignment, one: ItemFigures) -> tuple[Cell, ...]:
    flags = item_flags(assignment, one)
    return (
        Cell(one.item.title, tags=tuple(_kind_tags(one.item))),
        amount_cell(one.item.points),
        percent_cell(one.difficulty, meter=True),
        correlation_cell(one.discrimination),
        correlation_cell(one.upper_lower),
        correlation_cell(one.alpha_without),
        Cell("", "; ".join(tag.label for tag in flags), tags=flags),
    )


def _kind_tags(item: Item) -> list[Verdict]:
    words = [item.visibility.value if item.visibility is not None else "quiz", *(["bonus"] if item.bonus else [])]
    return [Verdict("", word, "tag") for word in words]


def item_flags(assignment: ClassAssignment, one: ItemFigures) -> tuple[Verdict, ...]:
    """Return what an author should look at in an item, in a few words each."""
    found = []
    enough = one.known >= FLAGGED
    if enough and one.difficulty == 1:
        found.append(Verdict("", "everybody passes", "open"))
    elif enough and one.difficulty == 0:
        found.append(Verdict("", "nobody passes", "wrong"))
    elif one.discrimination is not None and one.discrimination < -_chance(assignment):
        found.append(Verdict("", "stronger students fail it", "wrong"))
    elif one.discrimination is not None and one.discrimination < POOR:
        found.append(Verdict("", "tells little", "slow"))
    if enough and one.never_decides:
        found.append(Verdict("", "never fails alone", "open"))
    alpha = assignment.analysis.alpha
    if alpha is not None and one.alpha_without is not None and one.alpha_without > alpha + NOTICED:
        found.append(Verdict("", "alpha is higher without it", "slow"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Concern:
    """What is wrong with a check or a question, and where; ``choice`` is one of a quiz's, as Markdown."""

    flag: Verdict
    title: str
    assignment: ClassAssignment
    choice: str | None = None


def list_concerns(report: ClassReport) -> list[Concern]:
    """Return the checks, questions and choices that an author should look at first, in the course's order."""
    found = []
    for one in report.assignments:
        found += [Concern(flag, item.item.title, one) for item in one.analysis.items for flag in item_flags(one, item)]
        for question in one.choices:
            for line in question.choices:
                choice = f"{line.figures.letter}) {line.text or ''}".strip()
                found += [Concern(flag, question.title, one, choice) for flag in choice_flags(one, line)]
    return [concern for concern in found if concern.flag.tone == "wrong"]


def is_judged(report: ClassReport) -> bool:
    """Say whether enough students have done something for it to be looked at."""
    return any(item.known >= FLAGGED for one in report.assignments for item in one.analysis.items)


def _chance(assignment: ClassAssignment) -> float:
    """Return how far from 0 a correlation of so many students easily is where nothing goes with anything."""
    return 1 / math.sqrt(max(assignment.analysis.complete, 1))


def checks_table(assignment: ClassAssignment) -> Table:
    """Return how many pass each check, and how it ended for the others."""
    rows = []
    for check in assignment.figures.checks:
        others = [(check.outcomes[outcome], VERDICTS[outcome]) for outcome in Outcome if outcome is not Outcome.PASSED]
        others.append((check.deferred, DEFERRED))
        tags = tuple(Verdict("", f"{count} {verdict.label}", verdict.tone) for count, verdict in others if count)
        kinds = [check.visibility.value, *(["bonus"] if check.bonus else [])]
        rows.append(
            (
                Cell(check.title, tags=tuple(Verdict("", kind, "tag") for kind in kinds)),
                amount_cell(check.points),
                Cell(f"{check.passed} of {check.decided}", check.passed),
                percent_cell(check.pass_rate, meter=True),
                Cell("", ", ".join(tag.label for tag in tags), tags=tags),
            )
        )
    columns = (
        Column("Check"),
        Column("Points", True),
        Column("Passed", True),
        Column("Pass rate", True),
        Column("Otherwise"),
    )
    caption = (
        "How many pass each check, of those where it was decided; the other submissions by how it ended. A check that "
        "broke or was not run says nothing of the student."
    )
    return Table(f"{assignment.id}-checks", caption, columns, tuple(rows))


def questions_table(assignment: ClassAssignment) -> Table:
    """Return how the class did on each question."""
    unreadable = any(one.unreadable for one in assignment.figures.questions)
    rows = tuple(
        (
            Cell(one.title),
            amount_cell(one.points),
            amount_cell(one.mean),
            count_cell(one.full),
            count_cell(one.statuses[Status.UNANSWERED] - one.unreadable),
            *([count_cell(one.unreadable)] if unreadable else []),
            count_cell(one.statuses[Status.NEEDS_REVIEW]),
        )
        for one in assignment.figures.questions
    )
    columns = (
        Column("Question"),
        *(Column(title, True) for title in ("Points", "Mean", "Full marks", "No answer")),
        *([Column("Not readable", True)] if unreadable else []),
        Column("Needs review", True),
    )
    caption = "Mean and full marks are of the answers that are graded; no answer earns nothing."
    if unreadable:
        caption += " Neither does what is not readable: nobody can tell which answer it is."
    return Table(f"{assignment.id}-questions", caption, columns, rows)


def choices_table(assignment: ClassAssignment, tables: Iterable[ChoiceTable]) -> Table:
    """Return how often each choice of the quiz was picked, and how that goes with the rest of the score."""
    rows = []
    for question in tables:
        for line in question.choices:
            right = (Verdict("", "right", "passed"),) if line.correct else ()
            flags = choice_flags(assignment, line)
            text = f"{line.figures.letter}) {line.text}" if line.text else f"{line.figures.letter}) differs by student"
            rows.append(
                (
                    Cell(question.title),
                    Cell(text, tags=right, markdown=line.text is not None),
                    Cell(f"{line.figures.picked} of {line.figures.answered}", line.figures.picked),
                    percent_cell(line.figures.share, meter=True),
                    correlation_cell(line.figures.discrimination),
                    Cell("", "; ".join(tag.label for tag in flags), tags=flags),
                )
            )
    columns = (
        Column("Question"),
        Column("Choice"),
        Column("Picked", True),
        Column("Share", True),
        Column("Discrimination", True, "with the rest of the score"),
        Column("Look at"),
    )
    caption = "A right choice should go with a high score, so above 0; a distractor with a low one, so below 0."
    return Table(f"{assignment.id}-choices", caption, columns, tuple(rows))


def choice_flags(assignment: ClassAssignment, line: ChoiceLine) -> tuple[Verdict, ...]:
    """Return what an author should look at in a choice."""
    told = line.figures.discrimination
    if line.correct is False and line.figures.answered >= FLAGGED and not line.figures.picked:
        return (Verdict("", "nobody picks it", "open"),)
    if line.correct is None or told is None:
        return ()
    if line.correct and told < -_chance(assignment):
        return (Verdict("", "weaker students pick it", "wrong"),)
    if not line.correct and told > _chance(assignment):
        return (Verdict("", "stronger students pick it", "wrong"),)
    return ()


def success_table(assignment: ClassAssignment) -> Table:
    """Return how many students came to full marks with which attempt."""
    success = assignment.success
    rows = [(Cell(str(count), count), count_cell(students)) for count, students in success.by_attempts.items()]
    rows.append((Cell("not so far"), count_cell(success.never)))
    columns = (Column("Attempts to full marks"), Column("Students", True))
    return Table(
        f"{assignment.id}-success",
        "Students by the attempt with which they first had full marks.",
        columns,
        tuple(rows),
    )


def describe_spread(spread: Spread | None, unit: str) -> str:
    """Return ``2 h (1 to 3)``: the median, and between what the middle half lies."""
    if spread is None:
        return UNDECIDED
    return f"{format_amount(spread.median)}{unit} ({format_amount(spread.low)} to {format_amount(spread.high)})"


def describe_success(success: SuccessFigures) -> list[tuple[str, str]]:
    """Return the figures of success, each with its name."""
    return [
        ("reached full marks", f"{success.reached} of {success.tried}"),
        ("never so far", str(success.never)),
        ("attempts, median (middle half)", describe_spread(success.attempts, "")),
        ("hours, median (middle half)", describe_spread(success.hours, " h")),
    ]


def assignment_students_table(report: ClassReport, assignment: ClassAssignment) -> Table:
    """Return what every student has in one assignment."""
    rows = []
    for student in report.students:
        cell = assignment.cells.get(student.key)
        if cell is None:
            continue
        rows.append(
            (
                Cell(student.id, link=f"../{student.page}", note=student.name),
                Cell("", cell.verdict.label, tags=(cell.verdict,)),
                score_cell(cell, "../"),
                count_cell(len(cell.attempts)),
                late_cell(cell.late),
                moment_cell(cell.info.submitted_at, report.zone),
            )
        )
    columns = (
        Column("Student"),
        Column("Status"),
        Column("Score", True),
        Column("Attempts", True),
        Column("Late by", True),
        Column("Submitted"),
    )
    return Table(
        f"{assignment.id}-students", f"What counts for each student in {assignment.title}.", columns, tuple(rows)
    )


def versions_table(assignment: ClassAssignment, versions: Versions, zone: tzinfo | None) -> Table:
    """Return the scores and pass rates with each version of an assignment."""
    columns = [Column("Figure")]
    columns += [
        Column(f"Version {one.number}", True, f"since {format_moment(one.since, zone)}") for one in versions.versions
    ]
    rows = [
        (Cell("Submissions graded with it"), *(count_cell(one.graded) for one in versions.versions)),
        (Cell("… that still count so"), *(count_cell(one.counting) for one in versions.versions)),
        (Cell("Mean score, without lateness"), *(amount_cell(one.mean) for one in versions.versions)),
    ]
    for check in versions.checks:
        found = [one.checks.get((check.question, check.id)) for one in versions.versions]
        rates = [percent_cell(None if one is None else one.pass_rate) for one in found]
        rows.append((Cell(f"Passes: {check.title}"), *rates))
    caption = "Of the submissions that count, those that were graded with each version."
    return Table(f"{assignment.id}-versions", caption, tuple(columns), tuple(rows))


# Diagnoses


def diagnoses_table(report: ClassReport, least: int = 1) -> Table:
    """Return how many made which known mistake, in which assignment: those that ``least`` students made, or more."""
    found = [(one, own) for one in report.assignments for own in one.diagnoses if own.students >= least]
    rows = tuple(_diagnosis_row(*pair) for pair in sorted(found, key=lambda pair: -pair[1].students))
    columns = (
        Column("Mistake"),
        Column("Assignment"),
        Column("Students", True),
        Column("Share", True, "of the graded"),
        Column("In code", True),
        Column("In the quiz", True),
    )
    caption = "Known mistakes of the submissions that count, in code and quiz together. A group counts once."
    return Table("diagnoses", caption, columns, rows)


def _diagnosis_row(assignment: ClassAssignment, found: DiagnosisFigures) -> tuple[Cell, ...]:
    return (
        Cell(found.title, link=f"#{diagnosis_anchor(assignment, found)}"),
        Cell(assignment.title, link=assignment.page),
        count_cell(found.students),
        percent_cell(found.share, meter=True),
        count_cell(found.code),
        count_cell(found.quiz),
    )


def diagnosis_anchor(assignment: ClassAssignment, found: DiagnosisFigures) -> str:
    """Return the page's own name for a mistake of an assignment."""
    return f"{assignment.id}--{found.mistake}"


# A student


def student_assignments_table(report: ClassReport, student: ClassStudent) -> Table:
    """Return what a student has in each assignment."""
    rows = []
    for one in report.assignments:
        cell = one.cells.get(student.key)
        title = Cell(one.title, link=f"../{one.page}")
        if cell is None:
            rows.append((title, Cell(UNDECIDED), amount_cell(one.points), count_cell(0), Cell("", 0), Cell("")))
            continue
        tags = () if not cell.overridden else (Verdict("", "decided by a person", "waiting"),)
        found = dict.fromkeys(diagnosis.title.rstrip(".") for diagnosis in cell.diagnoses)
        score = score_cell(cell, "../")
        rows.append(
            (
                title,
                Cell(score.text, score.value, score.link, (*score.tags, *tags)),
                amount_cell(cell.points or one.points),
                count_cell(len(cell.attempts)),
                late_cell(cell.late),
                Cell("; ".join(found)),
            )
        )
    columns = (
        Column("Assignment"),
        Column("Score", True),
        Column("Of", True),
        Column("Attempts", True),
        Column("Late by", True),
        Column("Known mistakes"),
    )
    caption = "What counts. A score leads to the report on the submission that it is of."
    return Table("scores", caption, columns, tuple(rows), file=False)


def attempts_table(report: ClassReport, student: ClassStudent) -> Table:
    """Return everything that a student handed in."""
    rows = [
        _attempt_row(report, assignment, attempt)
        for assignment in report.assignments
        if student.key in assignment.cells
        for attempt in assignment.cells[student.key].attempts
    ]
    return Table(
        "attempts",
        "Scores are those of the checks and answers, before lateness.",
        _ATTEMPT_COLUMNS,
        tuple(rows),
        file=False,
    )


def all_attempts_table(report: ClassReport) -> Table:
    """Return everything that was handed in, by student."""
    rows = [(Cell(student.id), *row) for student in report.students for row in attempts_table(report, student).rows]
    caption = "Everything that was handed in."
    return Table("attempts", caption, (Column("Student"), *_ATTEMPT_COLUMNS), tuple(rows))


_ATTEMPT_COLUMNS = (
    Column("Assignment"),
    Column("Attempt", True),
    Column("Submitted"),
    Column("Late by", True),
    Column("Status"),
    Column("Score", True),
    Column("Of", True),
    Column("Counts"),
)


def _attempt_row(report: ClassReport, assignment: ClassAssignment, attempt: AttemptLine) -> tuple[Cell, ...]:
    verdict = NOT_GRADED if attempt.status is None else STATUSES[attempt.status]
    known = attempt.status in (Status.GRADED, Status.NEEDS_REVIEW)
    return (
        Cell(assignment.title),
        count_cell(attempt.number),
        moment_cell(attempt.submitted_at, report.zone),
        late_cell(attempt.late),
        Cell("", verdict.label, tags=(verdict,)),
        amount_cell(attempt.score if known else None),
        amount_cell(attempt.points if known else None),
        Cell("yes" if attempt.counts else ""),
    )


# Compared with an earlier term


def comparison_table(name: str, caption: str, first: str, pairs: Sequence[Pair]) -> Table:
    """Return pairs of shares, then and now, with how they changed."""
    rows = tuple(
        (
            Cell(pair.title),
            percent_cell(pair.before),
            percent_cell(pair.now),
            change_cell(pair),
            *map(count_cell, pair.graded),
        )
        for pair in pairs
    )
    columns = (Column(first), Column("Then", True), Column("Now", True), Column("Change", True, "percentage points"))
    graded = (Column("Graded then", True), Column("Graded now", True))
    return Table(name, caption, (*columns, *graded), rows)


def change_cell(pair: Pair) -> Cell:
    """Return by how many percentage points a share changed, with its sign: the difference of what is shown."""
    if pair.before is None or pair.now is None:
        return Cell(UNDECIDED)
    change = round(pair.now * 100) - round(pair.before * 100)
    sign = "+" if change > 0 else MINUS if change < 0 else "±"
    return Cell(f"{sign}{abs(change)}", change)


def comparison_tables(comparison: Comparison) -> list[Table]:
    """Return the tables of a comparison: means and medians, then checks and mistakes, what changed most first."""
    checks, diagnoses = (
        sorted(pairs, key=lambda pair: abs(pair.change or Fraction(0)), reverse=True)
        for pairs in (comparison.checks, comparison.diagnoses)
    )
    return [
        comparison_table("compared_means", "Mean scores, as shares of the points.", "Assignment", comparison.means),
        comparison_table(
            "compared_medians", "Median scores, as shares of the points.", "Assignment", comparison.medians
        ),
        comparison_table("compared_checks", "Pass rates of the checks that both have.", "Check", checks),
        comparison_table(
            "compared_diagnoses",
            "Shares of the graded submissions that show a known mistake.",
            "Mistake",
            diagnoses,
        ),
    ]

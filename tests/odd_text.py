"""Texts that files for other systems have broken on, to draw from; and tables of scores with them in every place."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from grader.export.findings import Export, Severity
from grader.export.scores import Column, ScoreTable
from grader.roster import RosterStudent

ODD = (
    "007", "1e5", "1.2.3", "87,5", "-3", "=1+1", "@SUM(A1)", "+49", "'ada", '"', '""', 'say "hi"', "a,b", "a;b", "a\tb",
    "a\nb", "a\r\nb", "a\rb", "\x00", "\x1b[31m", "\x7f", "\ufeffada", "ada\u2028b", "\u202eada", "\u0627\u0644\u0639",
    "\U0001f469\u200d\U0001f52c", "\ud800", "e\u0301", "é", "ẞ", "\u0131", " ada", "ada ", "", "#12", "* a", "[5]",
    "<b>", "]]>", "&amp;", "x" * 10_000, "Final Score", "Focal loss (123)", "Points Grade", "Feedback: x", "EX", "-",
    "Email address",
)  # fmt: skip
SIGNS = "ab01.,;:%-+=@#*[](){}<>&'\"\\/| \t\r\n\x00\x1b\u202e\u2028éع\U0001f600\ud800"
TEXTS = st.sampled_from(ODD) | st.text(max_size=12) | st.text(alphabet=SIGNS, max_size=10)
SCORES = st.none() | st.fractions(min_value=0, max_value=100, max_denominator=1_000)
# Odd, too, and yet what every LMS takes.
TAKEN = st.sampled_from(
    ["007", "=1+1", "O'Neil, T", 'say "hi"', "é", "\U0001f600", "\u0627\u0644\u0639", "'a", "12", "]]>"]
)
TAKEN |= st.text(alphabet="abc019é'\",&", min_size=1, max_size=8).map(lambda text: f"a{text}z")


def _make_students(texts: st.SearchStrategy[str]) -> st.SearchStrategy[RosterStudent]:
    return st.builds(
        RosterStudent,
        texts,
        name=st.none() | TEXTS,
        email=st.none() | texts | st.from_regex(r"[a-z]{1,3}@example\.org", fullmatch=True),
        section=st.none() | TEXTS,
        lms_ids=st.dictionaries(st.sampled_from(["username", "canvas_id"]), texts, max_size=2),
    )


@st.composite
def tables(draw: st.DrawFn, most_columns: int = 3) -> ScoreTable:
    """Draw students, and columns of scores of 100 points with feedback: often with what every LMS takes."""
    texts = draw(st.sampled_from([TAKEN, TAKEN, TEXTS]))
    students = draw(st.lists(_make_students(texts), max_size=4, unique_by=lambda student: student.id))
    ids = [student.id for student in students]
    columns = []
    for number in range(draw(st.integers(1, most_columns))):
        scores = {student: draw(SCORES) for student in ids}
        told = {student: draw(TEXTS) for student in ids}
        columns.append(Column(draw(texts), Fraction(100), scores, f"a{number}", feedback=told))
    return ScoreTable(tuple(students), tuple(columns))


def make_table(*columns: Column, students: tuple[RosterStudent, ...] = ()) -> ScoreTable:
    """Return a table of columns; students who are not given have an id alone."""
    known = {student.id: student for student in students}
    ids = [*known, *sorted({student for column in columns for student in column.scores} - set(known))]
    return ScoreTable(tuple(known.get(one, RosterStudent(one)) for one in ids), columns)


def data_of(export: Export) -> bytes:
    """Return the bytes of a file that is not refused."""
    assert export.data is not None, export.findings
    return export.data


def told(export: Export, severity: Severity) -> str:
    """Return all findings of one severity, and expect a file only where nothing is refused."""
    assert (export.data is None) == bool(export.refusals)
    return "\n".join(str(found) for found in export.findings if found.severity is severity)


def refusals(export: Export) -> str:
    """Return why a file is not written."""
    assert export.data is None
    return told(export, Severity.REFUSED)

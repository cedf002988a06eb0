"""The tables of today's version. How a gradebook of an earlier version comes to have them is in ``migrations``.

Rows are only ever added: triggers refuse everything else, whoever asks. Times are UTC in ISO 8601; scores are exact
fractions, such as ``9/2``. ``who`` is empty where an earlier version did not note it.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    column,
    table,
)

DATABASE = "gradebook.sqlite3"
BLOBS = "blobs"
HOME = "GRADER_HOME"
SCHEMA_VERSION = 3
APPLICATION_ID = 0x47_52_41_44  # "GRAD", in the header of the file: tells a gradebook from other SQLite files

METADATA = MetaData()


def _sequence() -> Column[int]:
    return Column("sequence", Integer, primary_key=True)


def _decided() -> list[Column[str]]:
    return [Column(name, String, nullable=False) for name in ("who", "at", "why")]


SUBMISSIONS = Table(
    "submissions",
    METADATA,
    _sequence(),
    Column("id", String, nullable=False, unique=True),
    Column("student", String, nullable=False),
    Column("assignment", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("submitted_at", String, nullable=False),
    Column("who", String, nullable=False, server_default=""),
    Column("drawn_for", String),  # for whom its folder says that the questions were drawn
    UniqueConstraint("student", "assignment", "number"),
    sqlite_autoincrement=True,
)
# The others whom a submission counts for, where students work in groups.
MEMBERS = Table(
    "members",
    METADATA,
    Column("submission", String, ForeignKey("submissions.id"), primary_key=True),
    Column("student", String, primary_key=True, index=True),
)
GRADES = Table(
    "grades",
    METADATA,
    _sequence(),
    Column("submission", String, ForeignKey("submissions.id"), nullable=False, index=True),
    Column("status", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("points", Float, nullable=False),
    Column("bonus", Float, nullable=False),
    Column("assignment_digest", String, nullable=False),
    Column("graded_at", String, nullable=False),
    Column("grade", String, nullable=False),  # JSON, exact; the amounts above are for queries by hand
    Column("who", String, nullable=False, server_default=""),
    Column("why", String, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
EXTENSIONS = Table(
    "extensions",
    METADATA,
    _sequence(),
    Column("assignment", String, nullable=False),
    Column("student", String),  # without a student and a section: for everybody
    Column("section", String),
    Column("due", String),  # NULL: taken back
    *_decided(),
    CheckConstraint("student IS NULL OR section IS NULL", name="one_or_many"),
    sqlite_autoincrement=True,
)
OVERRIDES = Table(
    "overrides",
    METADATA,
    _sequence(),
    Column("student", String, nullable=False),
    Column("assignment", String, nullable=False),
    Column("score", String),  # NULL: taken back
    *_decided(),
    sqlite_autoincrement=True,
)
MARKS = Table(
    "marks",
    METADATA,
    _sequence(),
    Column("submission", String, ForeignKey("submissions.id"), nullable=False, index=True),
    Column("question", String, nullable=False),
    Column("score", String),  # NULL: taken back
    Column("rubric", String, nullable=False),  # JSON: the levels that were chosen
    Column("comment", String),
    Column("who", String, nullable=False),
    Column("at", String, nullable=False),
    sqlite_autoincrement=True,
)
ROSTERS = Table(
    "rosters",
    METADATA,
    _sequence(),
    Column("roster", String, nullable=False),  # JSON: the whole of it
    Column("students", Integer, nullable=False),
    *_decided(),
    sqlite_autoincrement=True,
)
# Private keys that sign receipts; the newest does.
KEYS = Table(
    "keys",
    METADATA,
    _sequence(),
    Column("key", String, nullable=False),
    Column("at", String, nullable=False),
    sqlite_autoincrement=True,
)
HINTS = Table(
    "hints",
    METADATA,
    _sequence(),
    Column("student", String, nullable=False),
    Column("assignment", String, nullable=False),
    Column("question", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("at", String, nullable=False),
    UniqueConstraint("student", "assignment", "question", "step"),
    sqlite_autoincrement=True,
)
# A view: everything that was ever written, in one form.
TRAIL = table(
    "trail",
    *(column(name, String) for name in ("at", "who", "what", "student", "assignment", "submission", "detail", "why")),
)

"""Who did what and why; groups; extensions, overrides, marks and rosters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from grader.gradebook.migrations.append_only import append_only

revision = "2"
down_revision = "1"

# Everything that was ever written, in one form: who did what when, and why.
TRAIL = """
CREATE VIEW trail AS
SELECT submitted_at AS at, who, 'submission' AS what, student, assignment, id AS submission,
    'attempt ' || number AS detail, '' AS why
  FROM submissions
UNION ALL
SELECT g.graded_at, g.who, 'grade', s.student, s.assignment, s.id,
    CASE g.status WHEN 'pending' THEN 'pending' ELSE
      round(g.score, 2) || ' of ' || round(g.points, 2)
      || CASE WHEN g.bonus > 0 THEN ' + ' || round(g.bonus, 2) ELSE '' END
      || CASE g.status WHEN 'graded' THEN '' ELSE ', ' || replace(g.status, '_', ' ') END
    END,
    g.why
  FROM grades AS g JOIN submissions AS s ON s.id = g.submission
UNION ALL
SELECT at, who, 'extension', coalesce(student, 'section ' || section, 'everybody'), assignment, NULL,
    coalesce('until ' || due, 'taken back'), why
  FROM extensions
UNION ALL
SELECT at, who, 'override', student, assignment, NULL, coalesce('score ' || score, 'taken back'), why
  FROM overrides
UNION ALL
SELECT m.at, m.who, 'mark', s.student, s.assignment, s.id, m.question || ': ' || coalesce(m.score, 'taken back'),
    coalesce(m.comment, '')
  FROM marks AS m JOIN submissions AS s ON s.id = m.submission
UNION ALL
SELECT at, who, 'roster', NULL, NULL, NULL, students || ' students', why
  FROM rosters
"""


def _sequence() -> sa.Column[int]:
    return sa.Column("sequence", sa.Integer, primary_key=True)


def _decided() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String, nullable=False) for name in ("who", "at", "why")]


def upgrade() -> None:
    """Add the columns, the tables and the view."""
    for table, column in (("submissions", "who"), ("grades", "who"), ("grades", "why")):
        op.add_column(table, sa.Column(column, sa.String, nullable=False, server_default=""))
    op.add_column("submissions", sa.Column("drawn_for", sa.String))
    _make_members()
    _make_decisions()
    op.create_table(
        "rosters",
        _sequence(),
        sa.Column("roster", sa.String, nullable=False),
        sa.Column("students", sa.Integer, nullable=False),
        *_decided(),
        sqlite_autoincrement=True,
    )
    for table in ("extensions", "overrides", "marks", "rosters"):
        for trigger in append_only(table, "sequence = NEW.sequence"):
            op.execute(trigger)
    op.execute(TRAIL)


def _make_members() -> None:
    op.create_table(
        "members",
        sa.Column("submission", sa.String, sa.ForeignKey("submissions.id"), primary_key=True),
        sa.Column("student", sa.String, primary_key=True, index=True),
    )
    for trigger in append_only("members", "submission = NEW.submission AND student = NEW.student"):
        op.execute(trigger)


def _make_decisions() -> None:
    op.create_table(
        "extensions",
        _sequence(),
        sa.Column("assignment", sa.String, nullable=False),
        sa.Column("student", sa.String),
        sa.Column("section", sa.String),
        sa.Column("due", sa.String),
        *_decided(),
        sa.CheckConstraint("student IS NULL OR section IS NULL", name="one_or_many"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "overrides",
        _sequence(),
        sa.Column("student", sa.String, nullable=False),
        sa.Column("assignment", sa.String, nullable=False),
        sa.Column("score", sa.String),
        *_decided(),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "marks",
        _sequence(),
        sa.Column("submission", sa.String, sa.ForeignKey("submissions.id"), nullable=False, index=True),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("score", sa.String),
        sa.Column("rubric", sa.String, nullable=False),
        sa.Column("comment", sa.String),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )

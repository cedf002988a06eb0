"""Submissions and grades."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from grader.gradebook.migrations.append_only import append_only

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first version."""
    op.create_table(
        "submissions",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("student", sa.String, nullable=False),
        sa.Column("assignment", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("submitted_at", sa.String, nullable=False),
        sa.UniqueConstraint("student", "assignment", "number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "grades",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("submission", sa.String, sa.ForeignKey("submissions.id"), nullable=False, index=True),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("points", sa.Float, nullable=False),
        sa.Column("bonus", sa.Float, nullable=False),
        sa.Column("assignment_digest", sa.String, nullable=False),
        sa.Column("graded_at", sa.String, nullable=False),
        sa.Column("grade", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    same_submission = (
        "sequence = NEW.sequence OR id = NEW.id"
        " OR (student = NEW.student AND assignment = NEW.assignment AND number = NEW.number)"
    )
    for trigger in (*append_only("submissions", same_submission), *append_only("grades", "sequence = NEW.sequence")):
        op.execute(trigger)

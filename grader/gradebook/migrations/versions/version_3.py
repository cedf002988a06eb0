"""The key that signs receipts, and the hints that students took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from grader.gradebook.migrations.append_only import append_only
from grader.gradebook.migrations.versions.version_2 import TRAIL

revision = "3"
down_revision = "2"

HINTS_TRAIL = """
UNION ALL
SELECT at, student, 'hint', student, assignment, NULL, question || ', step ' || step, ''
  FROM hints
"""


def upgrade() -> None:
    """Add the tables, and the hints to the trail."""
    op.create_table(
        "keys",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "hints",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("student", sa.String, nullable=False),
        sa.Column("assignment", sa.String, nullable=False),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.UniqueConstraint("student", "assignment", "question", "step"),
        sqlite_autoincrement=True,
    )
    for trigger in append_only("keys", "sequence = NEW.sequence"):
        op.execute(trigger)
    same = "student = NEW.student AND assignment = NEW.assignment AND question = NEW.question AND step = NEW.step"
    for trigger in append_only("hints", f"sequence = NEW.sequence OR ({same})"):
        op.execute(trigger)
    op.execute("DROP VIEW trail")
    op.execute(TRAIL + HINTS_TRAIL)

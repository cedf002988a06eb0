"""What Alembic runs: the steps, in the transaction of whoever opens the gradebook."""

from __future__ import annotations

from alembic import context

from grader.gradebook.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

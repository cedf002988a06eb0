"""Triggers that keep rows as they are."""

from __future__ import annotations

from collections.abc import Iterator


def append_only(table: str, identity: str) -> Iterator[str]:
    """Yield triggers that refuse to change or remove rows, whoever asks: this code, or a person with a shell.

    ``identity`` is an SQL condition that holds of a row that ``NEW`` would replace.
    """
    refuse = f"BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: {table} are never changed'); END"
    yield f"CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table} {refuse}"
    yield f"CREATE TRIGGER {table}_remain BEFORE DELETE ON {table} {refuse}"
    # INSERT OR REPLACE removes a row without asking the trigger above.
    there = f"EXISTS (SELECT 1 FROM {table} WHERE {identity})"  # noqa: S608 (constants of the migrations)
    yield f"CREATE TRIGGER {table}_are_added BEFORE INSERT ON {table} WHEN {there} {refuse}"

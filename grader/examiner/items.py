"""What pytest collected: the names and parameters of its items, and which of them can be called without it."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

OWN_FIXTURES = frozenset({"submission", "device", "rng", "reference", "remote", "request", "_seeded"})
OWN_ARGUMENTS = frozenset({"submission", "device", "rng", "reference", "remote"})
PLAIN_MARKS = frozenset({"points", "question", "device", "parametrize"})
# Before pytest 8.4 a fixture is a function like any other: then every file that has one counts as having fixtures.
FIXTURE = type(pytest.fixture(lambda: None))


def name_of(item: pytest.Item) -> str:
    """Return the name of the function that an item runs, which is the check's."""
    function: Mapping[str, Any] | Any = getattr(item, "function", None)
    return str(getattr(function, "__name__", item.name))


def find_parameters(item: pytest.Item) -> Mapping[str, Any]:
    """Return the values that an item is parametrised with, by their names."""
    callspec = getattr(item, "callspec", None)
    parameters: Mapping[str, Any] = callspec.params if callspec is not None else {}
    return parameters


def find_arguments(item: pytest.Item) -> tuple[str, ...]:
    """Return the names of the arguments that an item's function takes without having defaults for them."""
    function = item.function  # type: ignore[attr-defined]
    parameters = inspect.signature(function).parameters.values()
    return tuple(one.name for one in parameters if one.default is one.empty)


def is_plain(item: pytest.Item) -> bool:
    """Can an item's function be called with values of the examiner's own and of its marks?

    Not where its file has fixtures or plugins, where it is in a class or is no function at all, or has marks that
    pytest acts on (``skipif``).
    """
    if type(item) is not pytest.Function or item.cls is not None or inspect.iscoroutinefunction(item.function):
        return False
    module = vars(item.module)
    if "pytest_plugins" in module or any(isinstance(value, FIXTURE) for value in module.values()):
        return False
    if any(mark.name not in PLAIN_MARKS or mark.kwargs.get("indirect") for mark in item.iter_markers()):
        return False
    given = find_parameters(item).keys() | OWN_ARGUMENTS
    return given.issuperset(find_arguments(item)) and (given | OWN_FIXTURES).issuperset(item.fixturenames)


def pair_with_next(
    items: Sequence[pytest.Item], plain: Collection[pytest.Item]
) -> list[tuple[pytest.Item, pytest.Item | None]]:
    """Return each item with the next one that is not plain: what pytest set up for one lasts until the other."""
    pairs: list[tuple[pytest.Item, pytest.Item | None]] = []
    following = None
    for item in reversed(items):
        pairs.append((item, following))
        if item not in plain:
            following = item
    return pairs[::-1]

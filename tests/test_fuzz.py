"""Whatever bytes come in, only our own errors come out."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import seeds_of
from tests.fuzz.targets import TARGETS

EACH = pytest.mark.parametrize("target", TARGETS)


@EACH
def test_what_is_valid_is_taken(target: str) -> None:
    for data in seeds_of(target):
        TARGETS[target](data)


@EACH
@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes(target: str, data: bytes) -> None:
    TARGETS[target](data)


@EACH
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 8))
def test_valid_inputs_with_a_few_changes(target: str, seed: int, changes: int) -> None:
    random = Random(seed)
    data = random.choice(seeds_of(target))
    for _ in range(changes):
        data = mutate(target, data, random)
    note(repr(data))
    TARGETS[target](data)

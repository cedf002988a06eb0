"""Whatever bytes come in, only our own errors come out, and what they cost is bounded.

tests/fuzz has the targets, and a longer run of them that is guided by coverage: `make fuzz`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import ROOT, seeds_of
from tests.fuzz.targets import TARGETS

MAX_MEGABYTES = 250
MAX_SECONDS = 20.0

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
@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 8))
def test_valid_inputs_with_a_few_changes(target: str, seed: int, changes: int) -> None:
    random = Random(seed)
    data = random.choice(seeds_of(target))
    for _ in range(changes):
        data = mutate(target, data, random)
    note(repr(data))
    TARGETS[target](data)


@pytest.mark.slow
def test_inputs_that_are_made_to_cost_much_do_not() -> None:
    """In a process of its own, for the peak of memory never falls."""
    command = [sys.executable, "-m", "tests.fuzz.worst"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    costs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(costs) > 50
    assert not [cost for cost in costs if cost["megabytes"] > MAX_MEGABYTES or cost["seconds"] > MAX_SECONDS]

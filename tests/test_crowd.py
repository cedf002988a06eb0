"""A thousand hostile submissions in one batch, and a hundred honest ones among them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.doctor import PREFIX, Attack, Target, read_attacks, stage_target
from grader.engine import Examiner
from grader.grading import Setup, grade_submissions
from grader.results import Outcome
from grader.scoring import Grade
from grader.submission import Submission
from tests.attack_run import look_around
from tests.workers import list_descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

HOSTILE = 1000
HONEST = 100
WARM_UP = 150  # graded before memory is measured for the first time
GROWTH_KB = 24 << 10


def choose_attacks() -> Iterator[Attack]:
    """Yield attacks without end; those that wait for their time to run out only once each."""
    attacks = [attack for attack in read_attacks() if attack.file.endswith(".py")]
    slow = [attack for attack in attacks if Outcome.TIMED_OUT in attack.expect or attack.kind == "exhaust"]
    yield from slow
    yield from itertools.cycle([attack for attack in attacks if attack not in slow])


def mix(target: Target, examiner: int) -> list[Submission]:
    """Return the batch: after every ten hostile submissions an honest one, right and wrong by turns."""
    attacks = choose_attacks()
    batch = []
    for number in range(HONEST):
        batch += [target.submission(next(attacks), examiner) for _ in range(HOSTILE // HONEST)]
        batch.append(target.neighbours()[number % 2])
    return batch


def resident_kb(pid: int) -> int:
    """Return the memory of a process that it does not share with files."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])


def test_a_thousand_attackers_leave_nothing_behind_and_change_nobodys_grade() -> None:
    with stage_target() as target, Examiner() as examiner:
        setup = Setup(secrets=(target.state,))

        def grade(work: list[Submission]) -> Iterator[tuple[int, Grade]]:
            return grade_submissions(examiner, target.assignment, target.checks, work, setup)

        alone = [next(grade([own]))[1] for own in target.neighbours()]
        before = look_around(examiner.pid, target)
        batch = mix(target, examiner.pid)
        graded: dict[int, Grade] = {}
        memory: list[list[int]] = []
        for number, own in grade(batch):
            graded[number] = own
            if len(graded) in (WARM_UP, len(batch)):
                memory.append([resident_kb(pid) for pid in (examiner.pid, *sorted(list_descendants(examiner.pid))[:3])])
        after = look_around(examiner.pid, target)

    assert len(graded) == len(batch) == HOSTILE + HONEST
    honest = [graded[number] for number in range(10, len(batch), 11)]
    assert honest == [alone[number % 2] for number in range(HONEST)]
    hostile = [graded[number] for number in range(len(batch)) if number % 11 != 10]
    assert sum(own.score for own in hostile) == 0
    assert not [own.fault for own in hostile if own.fault is not None]
    assert not [own.output for own in hostile if "BREACH" in own.output or f"{PREFIX}-" in own.output]
    assert after == before
    grown = [last - first for first, last in zip(*memory, strict=True)]
    assert max(grown) < GROWTH_KB, f"kilobytes: {memory}"

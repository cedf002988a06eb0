"""Every attack, as root and as an ordinary user, on this machine as it is and as on machines that lack something.

After each one: its verdict, its neighbours' grades, what was printed and reported of it, the time it took, and that no
process, open descriptor or file is left; see ``tests.attack_run`` and ``grader.doctor``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from grader.doctor import read_attacks
from tests.attack_run import EVIL
from tests.browser import Open
from tests.users import as_nobody, find_obstacle, open_to_all

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parent.parent
ATTACKS = [f"{attack.kind}/{attack.name}" for attack in read_attacks()]
BITING = [f"{attack.kind}/{attack.name}" for attack in read_attacks() if attack.bites]


@dataclass
class Scenario:
    """Who grades, and what this machine is made to lack; ``tiers`` are those that must come of it.

    Running it takes a minute, so that it is done once for all attacks.
    """

    user: Callable[[list[str], Path], list[str]] | None
    lacking: str = ""
    tiers: str = "A"
    home: Path = field(default_factory=Path)

    @property
    def pages(self) -> Path:
        """Where the reports' pages are; they are the same whoever grades, and kept where this user does."""
        return self.home / f"pages {self.lacking}"

    @cached_property
    def done(self) -> subprocess.CompletedProcess[str]:
        """The run."""
        command = [sys.executable, "-m", "tests.attack_run"]
        if self.user is None:
            command += ["--pages", str(self.pages)]
        if self.lacking:
            command = [sys.executable, "-m", "tests.without", self.lacking, "--", *command]
        if self.user is not None:
            command = self.user(command, self.home)
        # What never ends is ended, and is one failure: each attack is not to wait for it anew.
        return subprocess.run(["timeout", "800", *command], cwd=ROOT, capture_output=True, text=True, check=False)

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """What the run printed."""
        assert self.done.returncode == 0, (self.done.returncode, self.done.stdout[-200:], self.done.stderr[-2000:])
        return [json.loads(line) for line in self.done.stdout.splitlines()]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


class Attacked:
    """All attacks in one scenario. It is a class for each so that all its tests are run by one process."""

    scenario: Scenario

    @pytest.fixture
    def lines(self, home: Path) -> dict[str, dict[str, Any]]:
        if self.scenario.user is not None and (obstacle := find_obstacle()):
            pytest.skip(obstacle)
        self.scenario.home = home
        if self.scenario.tiers == "C" and self.scenario.lines[0]["tier"] == "D":
            pytest.skip("bubblewrap does not start here")
        return {line.get("attack", "first"): line for line in self.scenario.lines}

    def test_the_scenario_is_what_it_says(self, lines: dict[str, dict[str, Any]]) -> None:
        first = lines["first"]
        assert first["tier"] in self.scenario.tiers
        assert first["attacks"] == len(ATTACKS) == len(lines) - 1
        if "namespaces" in self.scenario.lacking:
            assert "bubblewrap" not in first["up"]
        if self.scenario.user is open_to_all:
            assert "user of its own" in first["up"]
        if self.scenario.user is as_nobody:
            assert "user of its own" not in first["up"]

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_an_attack_is_held(self, lines: dict[str, dict[str, Any]], attack: str) -> None:
        assert lines[attack]["problems"] == []


class TestAsThisUser(Attacked):
    scenario = Scenario(None)

    def test_no_report_does_anything_in_a_browser(self, lines: dict[str, dict[str, Any]], visit: Open) -> None:
        """``visit`` fails for what a script says or a page asks for; here is what would show without either."""
        pages = sorted(self.scenario.pages.glob("*.html"))
        assert len(pages) == 2 * (len(lines) - 1)
        for path in pages:
            one = visit(path)
            assert one.page.evaluate("document.scripts.length") == 0, path
            assert one.page.evaluate(f"document.querySelectorAll('[class*={EVIL}], [id*={EVIL}]').length") == 0, path
            one.page.close()


class TestAsRootWithAUserForEachWorker(Attacked):
    scenario = Scenario(open_to_all)


class TestAsRootInAContainer(Attacked):
    scenario = Scenario(None, "namespaces")


class TestAsRootInAContainerWithoutLandlock(Attacked):
    scenario = Scenario(open_to_all, "landlock,namespaces", "B")


class TestAsAnOrdinaryUser(Attacked):
    scenario = Scenario(as_nobody)


class TestAsAnOrdinaryUserInAContainer(Attacked):
    scenario = Scenario(as_nobody, "namespaces")


class TestAsAnOrdinaryUserWithoutLandlock(Attacked):
    scenario = Scenario(as_nobody, "landlock", "C")


@pytest.fixture(scope="module")
def opened() -> dict[str, list[str]]:
    command = [sys.executable, "-m", "tests.attack_run", "--open"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["attack"]: line["problems"] for line in lines if "attack" in line}


@pytest.mark.parametrize("attack", BITING)
def test_without_isolation_it_gets_through(opened: dict[str, list[str]], attack: str) -> None:
    """An attack that is held because it does not work proves nothing."""
    assert any("BREACH" in problem or "earned" in problem or "planted" in problem for problem in opened[attack])


def test_a_good_part_of_the_attacks_is_proven_to_work() -> None:
    assert len(ATTACKS) >= 80
    assert len(BITING) >= 20

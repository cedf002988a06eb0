"""``grader doctor``: it attacks the real sandbox, and says so when something gets through."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.doctor import Attack, Attempt, read_attacks, stage_target, try_attacks
from grader.engine import Examiner
from grader.errors import FaultError
from grader.results import Outcome

ATTACKS = {f"{attack.kind}/{attack.name}": attack for attack in read_attacks()}
KINDS = {"forge", "leak", "harm", "exhaust", "escape", "inject", "protocol"}


def doctor(*arguments: str, lacking: str | None = None) -> subprocess.CompletedProcess[str]:
    prefix = [] if lacking is None else [sys.executable, "-m", "tests.without", lacking, "--"]
    command = [*prefix, sys.executable, "-m", "grader", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def try_one(attack: Attack, *, isolated: bool = True) -> Attempt:
    with Examiner() as examiner, stage_target() as target:
        (attempt,) = try_attacks(examiner, target, [attack], isolated=isolated)
    return attempt


def test_attacks_of_every_kind_ship() -> None:
    assert {attack.kind for attack in ATTACKS.values()} == KINDS
    assert len(ATTACKS) >= 80
    quick = [attack for attack in ATTACKS.values() if attack.quick]
    assert {attack.kind for attack in quick} == KINDS
    assert 15 <= len(quick) <= 60


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_one_small_file_that_says_what_it_tries(attack: Attack) -> None:
    assert 10 < len(attack.title) <= 120
    assert attack.title.endswith(".")
    assert len(attack.source.splitlines()) <= 75
    assert attack.expect


def test_every_attack_that_ships_is_held_as_the_doctor_says() -> None:
    done = doctor()
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "All that the course needs is here."
    assert "tier" in lines[1]
    assert "Checks can run on: cpu; shadow device, a stand-in for a GPU." in lines
    held = [line for line in lines if line.startswith("held")]
    assert len(held) == len([attack for attack in ATTACKS.values() if attack.quick])
    assert f"{len(held)} of {len(held)} attacks held" in lines[-1]
    assert "BREACHED" not in done.stdout


def test_for_machines_it_is_one_document() -> None:
    done = doctor("--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert done.stderr == ""
    assert set(found) == {"format", "system", "tier", "devices", "missing", "unreadable", "walls", "attacks"}
    assert (found["missing"], found["unreadable"]) == ([], None)
    assert found["devices"] == ["cpu", "shadow"]
    assert [wall["name"] for wall in found["walls"]] == ["Landlock", "seccomp", "user of its own", "bubblewrap"]
    assert all(attack["held"] and not attack["problems"] for attack in found["attacks"])


def test_where_code_cannot_be_isolated_nothing_is_tried() -> None:
    done = doctor(lacking="landlock,namespaces,users")
    assert done.returncode == 3
    assert "tier D" in done.stdout
    assert "Landlock" in done.stdout
    assert "held" not in done.stdout
    assert "cannot isolate" in done.stderr
    as_json = doctor("--json", lacking="landlock,namespaces,users")
    assert (as_json.returncode, json.loads(as_json.stdout)["attacks"]) == (3, [])


@pytest.mark.slow
def test_the_first_line_tells_a_student_what_is_missing(tmp_path: Path) -> None:
    course = tmp_path / "course"
    with stage_target() as target:
        shutil.copytree(target.directory / "course", course)
    check = next(course.rglob("test_*.py"))
    check.write_text(check.read_text() + "\n\ndef _draw():\n    import no_such_package.colours, typst, json\n")
    lacking = "landlock,namespaces,users"  # so that nothing is attacked, which would take its time
    done = doctor("--course", str(course), lacking=lacking)
    first = done.stdout.splitlines()[0]
    assert first.startswith("Missing here: no_such_package for scale (`pip install no_such_package`); ")
    assert "what keeps code in" in first
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_LANGUAGE", "de")
        lines = doctor("--course", str(course), lacking=lacking).stdout.splitlines()
    assert lines[0].startswith("Hier fehlt: no_such_package für scale (`pip install no_such_package`); ")
    assert "tier D" in lines[1]
    found = json.loads(doctor("--course", str(course), "--json", lacking=lacking).stdout)["missing"]
    assert {"package": "no_such_package", "install": "pip install no_such_package", "assignments": ["scale"]} in found
    assert {one["install"] for one in found} <= {"pip install no_such_package", "pip install 'grader[pdf]'"}
    (course / "course.yaml").write_text("title: [")
    done = doctor("--course", str(course), lacking=lacking)
    assert done.stdout.startswith("The course cannot be read: ")
    assert "course.yaml:2:1: this is not YAML" in done.stdout.splitlines()[0]


def test_an_attack_that_gets_through_is_a_breach() -> None:
    attempt = try_one(ATTACKS["leak/read_hidden_checks"], isolated=False)
    assert not attempt.held
    assert any("BREACH" in problem for problem in attempt.problems)
    assert "A planted word came out." in attempt.problems


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def scale(values, factor): return values * factor", "It earned 4 points."),
        ("raise SystemExit(0)", "It did not get to try"),
        ("def scale(values, factor):\n    while True: pass", "timed out"),
        ("print('HELD')\nimport os\ndef scale(values, factor): os._exit(0)", "Its checks crashed"),
    ],
)
def test_what_counts_as_getting_through(source: str, words: str) -> None:
    attempt = try_one(Attack("it", "forge", "Tries.", "scale.py", source.encode()))
    assert not attempt.held
    assert words in " ".join(attempt.problems)


def test_an_attack_that_is_slower_than_it_may_be_is_a_breach() -> None:
    source = b"import time\nprint('HELD')\ntime.sleep(0.3)\ndef scale(values, factor): return values"
    attempt = try_one(Attack("it", "exhaust", "Sleeps.", "scale.py", source, seconds=0.2))
    assert any(problem.startswith("It took") for problem in attempt.problems)


def test_an_attack_without_a_title_is_refused(tmp_path: Path) -> None:
    (tmp_path / "forge").mkdir()
    (tmp_path / "forge" / "mute.py").write_text("x = 1\n")
    with pytest.raises(FaultError, match="does not say what it tries"):
        read_attacks(tmp_path)


def test_constants_are_read_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "forge").mkdir()
    text = '"""Tries."""\nEXPECT = {"crashed", "timed_out"}\nSAYS = "here"\nSECONDS = 3\nQUICK = True\nX = open("/")\n'
    (tmp_path / "forge" / "it.py").write_text(text)
    (attack,) = read_attacks(tmp_path)
    assert attack.expect == {Outcome.CRASHED, Outcome.TIMED_OUT}
    assert (attack.says, attack.seconds, attack.quick, attack.bites) == ("here", 3.0, True, False)


def test_the_target_is_planted_with_words_and_gone_afterwards() -> None:
    with stage_target() as target:
        texts = {path: path.read_bytes() for path in target.directory.rglob("*") if path.is_file()}
        planted = [path.name for path, text in texts.items() if target.secret.encode() in text]
        assert {"test_hidden.py", "plain.py", "added.py"} <= set(planted)
        assert not [
            path for path, text in texts.items() if b"@" in text and path.suffix == ".py" and b"@SECRET" in text
        ]
        assert target.directory.stat().st_mode & 0o077 == 0
        assert target.state.is_dir()
    assert not target.directory.exists()

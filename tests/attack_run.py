"""``python -m tests.attack_run [--open] [--pages DIR] [KIND/NAME …]``: try attacks, and look around after each.

Prints one JSON object per line: what the machine offers, then what came of each attack. ``--open`` runs those that
harm nothing without isolation, to see that they get through there; ``--pages`` keeps the reports' pages, to be looked
at. It runs as whoever starts it: the tests start it as root and as an ordinary user, and as on machines that lack
something.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from grader.doctor import Attack, Attempt, Target, read_attacks, stage_target, try_attacks
from grader.engine import Examiner
from grader.report import Reader, Report, SubmissionInfo, build_report, to_html, to_json, to_text
from grader.scoring import Grade
from tests.workers import list_descendants

MARK = "left-behind"  # is in the name of every file that an attack tries to make
EVIL = "pwned"  # is in every tag, attribute, address and style that an attack tries to smuggle into a page
# What an attack makes, at run time, of the inputs of hidden checks: the student who handed it in must not get it back.
SMUGGLED = re.compile("smuggled|7777777|exit code 77")
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
# Escape sequences, other controls, direction overrides and characters that are not seen.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Surroundings:
    """What must be the same after an attack: processes, open descriptors, and files."""

    processes: frozenset[int]
    descriptors: tuple[int, ...]
    files: frozenset[tuple[str, int]]


def look_around(examiner: int, target: Target) -> Surroundings:
    """Return the examiner's descendants, how many descriptors each has open (where that can be seen), and files."""
    processes = list_descendants(examiner)
    descriptors = []
    for pid in sorted({examiner, *processes}):
        try:
            descriptors.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        except OSError:
            descriptors.append(-1)
    return Surroundings(frozenset(processes), tuple(descriptors), frozenset(list_files(target)))


def list_files(target: Target) -> Iterator[tuple[str, int]]:
    """Yield the target's files with their sizes, and what attacks left in folders that all can write to."""
    for path in target.directory.rglob("*"):
        yield str(path), path.lstat().st_size
    for folder in (*map(Path, SHARED_FOLDERS), Path.cwd(), Path.home(), Path(sys.prefix)):
        if os.access(folder, os.R_OK):
            yield from ((str(path), 0) for path in folder.iterdir() if MARK in path.name)


def build_reports(grade: Grade) -> Iterator[tuple[Reader, Report]]:
    """Yield the report of a grade as each reader would get it."""
    info = SubmissionInfo("0" * 16, "sha256:" + "0" * 64, datetime(2026, 1, 1, tzinfo=UTC), "mallory")
    for reader in Reader:
        yield reader, build_report(grade, info, reader)


def find_unsafe(grade: Grade, secret: str) -> list[str]:
    """Return what is wrong with the reports of a grade, as the student and an instructor would get them."""
    problems = []
    for reader, report in build_reports(grade):
        texts = {
            "text": to_text(report, width=80, color=False),
            "page": to_html(report),
            "JSON": json.dumps(to_json(report), ensure_ascii=False),
        }
        for name, text in texts.items():
            if found := UNSAFE.search(text):
                problems.append(f"{reader}'s {name} holds {found.group()!r}.")
            if secret in text:
                problems.append(f"{reader}'s {name} holds a planted word.")
            if reader is Reader.STUDENT and SMUGGLED.search(text):
                problems.append(f"{reader}'s {name} holds something of the inputs of hidden checks.")
            if len(text) > 2_000_000:
                problems.append(f"{reader}'s {name} is {len(text)} characters long.")
        problems += [f"{reader}'s page: {problem}" for problem in find_markup(texts["page"])]
    return problems


def find_markup(page: str) -> list[str]:
    """Return the tags, attributes and addresses of a page that an attack put there."""
    found: list[str] = []

    class Reading(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            for name, value in [(tag, ""), *attributes]:
                if EVIL in name or name.startswith("on"):
                    found.append(f"an element {tag!r} with {name!r}")
                if name in ("href", "src", "style", "action") and (EVIL in (value or "") or "script:" in (value or "")):
                    found.append(f"{name}={value!r}")

        def handle_data(self, data: str) -> None:
            if self.cdata_elem is not None and EVIL in data:
                found.append(f"{EVIL} inside {self.cdata_elem}")

        def handle_comment(self, data: str) -> None:
            if EVIL in data:
                found.append("a comment")

    reading = Reading()
    reading.feed(page)
    reading.close()
    return found


def keep_pages(attack: Attack, grade: Grade, folder: Path) -> None:
    """Write the pages that a student and an instructor would get."""
    folder.mkdir(exist_ok=True)
    for reader, report in build_reports(grade):
        (folder / f"{attack.kind}-{attack.name}-{reader}.html").write_text(to_html(report), encoding="utf-8")


def run(names: list[str], pages: Path | None, *, isolated: bool) -> Iterator[dict[str, object]]:
    """Yield what the machine offers, and what came of each attack; its pages are written to a folder."""
    attacks = [a for a in read_attacks() if not names or f"{a.kind}/{a.name}" in names or a.kind in names]
    if not isolated:
        attacks = [attack for attack in attacks if attack.bites]
    with Examiner() as examiner, stage_target() as target:
        survey = examiner.survey()
        yield {"tier": survey.tier, "up": [wall.name for wall in survey.walls if wall.up], "attacks": len(attacks)}
        before = look_around(examiner.pid, target)
        for attempt in try_attacks(examiner, target, attacks, isolated=isolated):
            if pages is not None and attempt.grade is not None:
                keep_pages(attempt.attack, attempt.grade, pages)
            yield _describe(attempt, before, look_around(examiner.pid, target), target)


def _describe(attempt: Attempt, before: Surroundings, after: Surroundings, target: Target) -> dict[str, object]:
    problems = list(attempt.problems)
    if attempt.grade is not None:
        problems += find_unsafe(attempt.grade, target.secret)
    if after.processes != before.processes:
        problems.append(f"Other processes than before: {sorted(after.processes)}, not {sorted(before.processes)}.")
    if after.descriptors != before.descriptors:
        problems.append(f"Other descriptors than before: {after.descriptors}, not {before.descriptors}.")
    if after.files != before.files:
        problems.append(f"Other files than before: {sorted(after.files ^ before.files)}.")
    name = f"{attempt.attack.kind}/{attempt.attack.name}"
    output = attempt.grade.output[:2000] if attempt.grade is not None else ""
    return {"attack": name, "problems": problems, "seconds": round(attempt.seconds, 2), "output": output}


def main() -> None:
    """Try the attacks that are named, all of them by default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--pages", type=Path)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    for line in run(given.names, given.pages, isolated=not given.open):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

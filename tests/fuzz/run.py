"""Fuzzes every target for a while, guided by coverage: ``python -m tests.fuzz.run [--seconds 60] [TARGET ...]``.

What was learnt (the corpus), logs and findings stay in build/fuzz, so a later run goes on where this one ended.
``--input FILE TARGET`` runs a target on one file, with nothing in between: this is how a finding is looked into.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.seeds import ROOT, WORDS, seeds_of
from tests.fuzz.targets import TARGETS

OUTPUT = ROOT / "build" / "fuzz"
INPUT_SECONDS = 10
MAX_INPUT_BYTES = 1 << 15
MAX_WORD_BYTES = 60  # libFuzzer takes no longer ones
MAX_MEMORY_MB = 2048


@dataclass(frozen=True, slots=True)
class Outcome:
    """What fuzzing one target gave. ``findings`` are the files of inputs that failed."""

    target: str
    runs: int
    per_second: int
    coverage: int
    seeds: int
    corpus: int
    slowest: int
    peak_mb: int
    findings: tuple[Path, ...]
    said: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the targets, print a line about each, and return 1 if anything was found."""
    parser = argparse.ArgumentParser(description="Fuzz what reads hostile input.")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--input", type=Path, help="run the one target named on this file only")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    given = parser.parse_args(arguments)
    if unknown := set(given.targets) - TARGETS.keys():
        parser.error(f"no target {', '.join(sorted(unknown))}; there is {', '.join(TARGETS)}")
    if given.input:
        if len(given.targets) != 1:
            parser.error("--input needs one target")
        TARGETS[given.targets[0]](given.input.read_bytes())
        print("nothing is wrong with this input")
        return 0
    print(f"{'target':<12}{'runs':>10}{'per s':>8}{'branches':>10}{'corpus':>14}{'slowest':>9}{'peak':>9}  findings")
    outcomes = []
    for target in given.targets or TARGETS:
        outcomes.append(_fuzz(target, given.seconds))
        print(_line(outcomes[-1]), flush=True)
    for outcome in outcomes:
        for finding in outcome.findings:
            print(f"\n{outcome.said}\n{finding}\nagain: {_again(outcome.target, finding)}")
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def _fuzz(target: str, seconds: int) -> Outcome:
    folder = OUTPUT / target
    corpus, seeds = folder / "corpus", folder / "seeds"
    for path in (corpus, seeds, folder / "findings"):
        path.mkdir(parents=True, exist_ok=True)
    valid = seeds_of(target)
    for number, data in enumerate(valid):
        (seeds / str(number)).write_bytes(data)
    _write_words(folder / "words", WORDS.get(target, ()))
    log = folder / "log"
    with tempfile.TemporaryDirectory(dir=folder) as scratch, log.open("wb") as stream:
        command = _command(target, folder, seconds)
        environment = {**os.environ, "TMPDIR": scratch}
        code = subprocess.run(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream, check=False).returncode
    said = log.read_text(errors="replace")
    found = tuple(Path(path) for path in re.findall(r"Test unit written to (.+)", said))
    if code and not found:  # it did not even start
        sys.exit(f"{said[-3000:]}\nfuzzing {target} failed; {log} has all of it")
    return Outcome(
        target=target,
        runs=_statistic(said, "number_of_executed_units"),
        per_second=_statistic(said, "average_exec_per_sec"),
        coverage=max((int(number) for number in re.findall(r"cov: (\d+)", said)), default=0),
        seeds=len(valid),
        corpus=len(list(corpus.iterdir())),
        slowest=_statistic(said, "slowest_unit_time_sec"),
        peak_mb=_statistic(said, "peak_rss_mb"),
        findings=found,
        said=_reason(said),
    )


def _command(target: str, folder: Path, seconds: int) -> list[str]:
    options = {
        "max_total_time": seconds,
        "timeout": INPUT_SECONDS,
        "rss_limit_mb": MAX_MEMORY_MB,
        "max_len": MAX_INPUT_BYTES,
        "len_control": 100,  # short inputs first
        "dict": folder / "words",
        "artifact_prefix": f"{folder / 'findings'}/",
        "print_final_stats": 1,
    }
    given = [f"-{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "tests.fuzz.worker", target, str(folder / "corpus"), str(folder / "seeds"), *given]


def _write_words(path: Path, words: Sequence[str]) -> None:
    """Write libFuzzer's dictionary. It is never empty, for such a file is refused."""
    encoded = [word.encode("utf-8", "surrogatepass") for word in ("0", *words)]
    path.write_text("".join(f'"{_escaped(word)}"\n' for word in encoded if len(word) <= MAX_WORD_BYTES))


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02X}" for byte in word)


def _statistic(said: str, name: str) -> int:
    found = re.search(rf"stat::{name}:\s+(\d+)", said)
    return int(found[1]) if found else 0


def _reason(said: str) -> str:
    """Return the part of the log that tells what went wrong: a traceback, or libFuzzer's words."""
    found = re.search(
        r"(?:Uncaught Python exception: ===\n|ERROR: libFuzzer: )(.*?)(?=\n==|\nSUMMARY|\Z)", said, re.DOTALL
    )
    return found[1].strip()[-3000:] if found else ""


def _line(outcome: Outcome) -> str:
    corpus = f"{outcome.seeds} → {outcome.corpus}"
    return (
        f"{outcome.target:<12}{outcome.runs:>10,}{outcome.per_second:>8,}{outcome.coverage:>10,}{corpus:>14}"
        f"{outcome.slowest:>7} s{outcome.peak_mb:>6} MB  {len(outcome.findings) or 'none'}"
    )


def _again(target: str, finding: Path) -> str:
    python = Path(os.path.relpath(sys.executable, ROOT))
    return f"{python} -m tests.fuzz.run {target} --input {finding.relative_to(ROOT)}"


if __name__ == "__main__":
    sys.exit(main())

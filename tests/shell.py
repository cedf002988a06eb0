"""Runs ``grader`` as people do. Whatever a command is given, it prints no traceback and no escape byte."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ESC = "\x1b"
GRADER = (sys.executable, "-m", "grader")


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def reports(self) -> dict[str, Any]:
        """One report per line, by student."""
        return {report["student"]: report for report in map(json.loads, self.out.splitlines())}

    def fails(self, code: int, *words: str) -> None:
        """Expect an exit code, and words on standard error; nothing is on standard output."""
        assert self.code == code, self
        for word in words:
            assert word in self.err, self.err
        assert self.err.startswith("grader: "), self.err
        assert not self.out


@dataclass(frozen=True)
class Shell:
    """Runs ``grader`` in a folder, with a state of its own and nothing of the environment's."""

    folder: Path
    course: Path | None = None
    student: str = "ada"
    home: Path | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        course = {"GRADER_COURSE": str(self.course)} if self.course else {}
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        home = {"HOME": str(self.folder), "GRADER_HOME": str(self.home or self.folder / "state")}
        return {**kept, **home, "GRADER_STUDENT": self.student, "COLUMNS": "80", **course, **self.extra}

    def __call__(self, *arguments: str | Path, prefix: Sequence[str] = (), timeout: float = 120) -> Answer:
        command = [*prefix, *GRADER, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, timeout=timeout, check=False
        )
        out, err = done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "surrogateescape")
        for text in (out, err):
            assert "Traceback" not in text, text
            assert ESC not in text
            assert "\\u001b" not in text
        return Answer(done.returncode, out, err)

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        # Where tests run in the background Ctrl-C is ignored, and what they start would inherit that.
        command = ["env", "--default-signal=INT", *GRADER, *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def in_a_terminal(self, *arguments: str | Path, typed: str | None = None) -> str:
        """Run a command whose output is a terminal, and its input too if something is typed; return all it wrote."""
        own, theirs = pty.openpty()
        command = [*GRADER, *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={"TERM": "xterm", **self.environment},
            stdin=None if typed is None else theirs,
            stdout=theirs,
            stderr=theirs,
        )
        if typed is not None:
            os.write(own, typed.encode())
        os.close(theirs)
        written = b""
        while select.select([own], [], [], 60)[0]:
            try:
                data = os.read(own, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            written += data
        os.close(own)
        process.wait()
        return written.decode()


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files, and return their folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder

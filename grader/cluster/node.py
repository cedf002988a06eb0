"""What runs on each machine of a cluster: an examiner, and a private copy of the assignments that it is sent.

It lives in a process of Ray's, which runs no student's code and no check: the examiner and its zygote are processes of
their own, as everywhere, and end with this one.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from grader import __version__
from grader.cluster.parcel import Parcel, move_job, unpack
from grader.engine import Examiner
from grader.errors import FaultError
from grader.job import Fault, Job, Message, event_to_json, job_from_json

# Waits for the end of its input in the background: Ray, when it ends a process, kills that one's children.
WATCH_FOLDER = 'exec 3<&0; { cat <&3 > /dev/null; exec rm -rf -- "$0"; } &'


class NodeExaminer:
    """An examiner on some machine. Methods take and return text, so that Ray carries nothing that it could unpickle."""

    def __init__(self) -> None:
        self._folder, self._open_end = _make_folder()
        self._examiner = Examiner()

    def describe(self) -> dict[str, str]:
        """Return the versions that grades depend on."""
        packages = {name: metadata.version(name) for name in ("torch", "pytest")}
        return {"grader": __version__, "python": platform.python_version(), **packages}

    def run(self, job: str, digest: str, content: bytes) -> str:
        """Run a job in JSON, whose folder is the parcel of that digest and content; returns its events as JSON."""
        asked = job_from_json(json.loads(job))
        copy = self._folder / digest / Path(asked.directory).name
        try:
            if not copy.exists():
                copy.parent.mkdir(mode=0o700, exist_ok=True)
                unpack(Parcel(digest, content), copy)
        except (OSError, ValueError) as error:
            return _to_text([Fault(f"the assignment could not be copied: {error}")])
        events = list(self._examiner.run(self._move(asked, copy)))
        return _to_text(events).replace(str(copy), json.dumps(asked.directory)[1:-1])

    def survey(self, seed: int, isolated: bool) -> str:
        """Return what this machine offers as JSON; a fault where its examiner does not work."""
        if self._examiner.ended:
            self._examiner.restart()
        try:
            return _to_text([self._examiner.survey(seed=seed, isolated=isolated)])
        except FaultError as error:
            self._examiner.close()
            return _to_text([Fault(error.message, error.hint)])

    def _move(self, job: Job, copy: Path) -> Job:
        """Return a job as this machine has it: what is secret where it comes from may be here too, on a shared disk."""
        secrets = [path for path in (*job.secrets, str(_find_token())) if os.path.lexists(path)]
        return replace(move_job(job, copy), secrets=(str(self._folder), *secrets))


def _make_folder() -> tuple[Path, int]:
    """Return a new folder that only this user can enter, and a descriptor: when that is closed, the folder is removed.

    Another process does it, so that hidden checks stay nowhere when this one is killed.
    """
    folder = os.path.realpath(tempfile.mkdtemp(prefix="grader-node-"))
    theirs, ours = os.pipe()  # ours closes with this process
    subprocess.run(
        ["/bin/sh", "-c", WATCH_FOLDER, folder],
        stdin=theirs,
        start_new_session=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        check=True,
    )
    os.close(theirs)
    return Path(folder), ours


def _find_token() -> Path:
    """Return where the word lies, perhaps, that opens the cluster."""
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    return Path(named) if named else Path.home() / ".ray" / "auth_token"


def _to_text(events: Sequence[Message]) -> str:
    return json.dumps([event_to_json(event) for event in events])

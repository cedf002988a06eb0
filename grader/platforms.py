"""What this operating system offers: by what Python has of it, never by its name.

What keeps students' code in is Linux's. Without it (macOS, Windows) there is one way left: a student's own code, run in
processes of its own and without isolation.
"""

from __future__ import annotations

import os
import select
from typing import Any

_OF_LINUX = ((os, "fork"), (os, "pipe2"), (select, "poll"), (select, "epoll"))

# Is this a system that students' code can be kept in on? Whether this machine does is tried out by the examiner.
CAN_ISOLATE = all(hasattr(module, name) for module, name in _OF_LINUX)

# Can one wait for a pipe? Windows waits for sockets only.
CAN_WAIT_FOR_PIPES = hasattr(select, "poll")

# Can files be reached through an open folder, so that no path is looked up twice, and can links be refused?
CAN_OPEN_FOLDERS = (
    {os.open, os.stat} <= os.supports_dir_fd
    and os.scandir in os.supports_fd
    and all(hasattr(os, flag) for flag in ("O_NOFOLLOW", "O_DIRECTORY"))
)

# Can a folder be opened to sync it? Where it cannot, what is renamed in it is on disk when the system says so.
CAN_SYNC_FOLDERS = hasattr(os, "O_DIRECTORY")


def keep_apart() -> dict[str, Any]:
    """Return how to start a process that Ctrl-C does not reach: in a new session, in a new group on Windows."""
    import subprocess  # most commands start nothing

    return {"start_new_session": True, "creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}

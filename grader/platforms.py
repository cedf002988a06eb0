"""What this operating system offers: by what Python has of it, never by its name.

What keeps students' code in is Linux's. Without it (macOS, Windows) there is one way left: a student's own code, run in
processes of its own and without isolation.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
from collections.abc import Mapping
from typing import Any

_OF_LINUX = ((os, "fork"), (os, "pipe2"), (socket, "send_fds"), (select, "poll"), (select, "epoll"))

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

# What keeps Ctrl-C from a process that is started: where there are sessions a new one, and a new group on Windows.
APART: Mapping[str, Any] = {
    "start_new_session": True,
    "creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
}

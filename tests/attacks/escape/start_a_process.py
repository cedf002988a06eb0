"""Starts processes in all the ways that Python has."""

import asyncio
import multiprocessing
import os
import pty
import subprocess
from concurrent.futures import ProcessPoolExecutor

from known import attempt

QUICK = True
BITES = True


def finish(pid):
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


WAYS = (
    lambda: finish(os.fork()),
    lambda: finish(os.forkpty()[0]),
    lambda: finish(os.posix_spawn("/bin/true", ["true"], {})),
    lambda: subprocess.run(["/bin/true"]).check_returncode(),
    lambda: subprocess.run(["/bin/true"], close_fds=False, user=os.getuid(), start_new_session=True),
    lambda: 1 // (os.system("true") == 0),
    lambda: 1 // (os.popen("echo hello").read() == "hello\n"),
    lambda: pty.spawn("/bin/true"),
    lambda: asyncio.run(asyncio.create_subprocess_exec("/bin/true")),
    lambda: multiprocessing.get_context("fork").Process(target=int).start(),
    lambda: multiprocessing.get_context("spawn").Process(target=int).start(),
    lambda: multiprocessing.get_context("forkserver").Process(target=int).start(),
    lambda: ProcessPoolExecutor(1).submit(int).result(),
)
for way in WAYS:
    with attempt():
        way()


def scale(values, factor):
    return values

"""Asks the kernel for the examiner's existence, session, priority, limits and processor time."""

import os
import resource
import time

from known import EXAMINER, breach

SAYS = "tried"

PROBES = (
    os.getpgid,
    os.getsid,
    os.sched_getscheduler,
    os.sched_getparam,
    os.sched_getaffinity,
    lambda pid: os.getpriority(os.PRIO_PROCESS, pid),
    lambda pid: resource.prlimit(pid, resource.RLIMIT_NOFILE),
    lambda pid: os.kill(pid, 0),
    lambda pid: time.clock_gettime(~pid << 3 | 2),
    lambda pid: time.clock_getres(~pid << 3 | 2),
)
for number, probe in enumerate(PROBES):
    try:
        found = probe(EXAMINER)
    except OSError:
        continue
    if os.path.exists("/etc/passwd"):  # without bubblewrap, processes have their own numbers
        print(f"KNOWN GAP: probe {number} of the examiner: {found}")
    else:
        breach(f"probe {number} of the examiner: {found}")
print("tried")


def scale(values, factor):
    return values

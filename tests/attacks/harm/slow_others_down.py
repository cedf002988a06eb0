"""Takes the examiner's processor, priority and limits away."""

import os
import resource

from known import EXAMINER, attempt

for pid in (EXAMINER, os.getppid()):
    with attempt("priority"):
        os.setpriority(os.PRIO_PROCESS, pid, 19)
    with attempt("affinity"):
        os.sched_setaffinity(pid, {0})
    with attempt("scheduler"):
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    with attempt("limits"):
        resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
with attempt("real time"):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
with attempt("priority of its own"):
    os.nice(-5)


def scale(values, factor):
    return values

"""Runs jobs on the machines of a Ray cluster, or on a small one of its own on this machine.

``pool`` is what a caller uses, ``driver`` the process that talks to Ray for it, ``node`` what runs on each machine, and
``parcel`` how an assignment's files get there. Ray is imported by the driver only: it may end the process that uses it.
"""

from grader.cluster.pool import RayPool as RayPool

"""Writes a report in which all tests passed, and ends the process with code 0 while it is imported."""

import os

EXPECT = {"crashed"}
SAYS = 'tests="3"'

print('<testsuite errors="0" failures="0" skipped="0" tests="3"/>', flush=True)
os._exit(0)

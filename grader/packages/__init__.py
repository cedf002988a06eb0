"""Assignments packed for other places that run them: Gradescope's container, GitHub's machines."""

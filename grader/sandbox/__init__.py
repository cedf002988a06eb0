"""The untrusted side: a warm process that forks locked-down workers, in which student code runs."""

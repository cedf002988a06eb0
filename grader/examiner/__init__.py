"""The trusted process: runs a course's checks with pytest against a student's process that it never trusts."""

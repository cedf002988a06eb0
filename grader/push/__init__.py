"""Final scores go to an LMS over the network: planned, shown, written, and read back."""

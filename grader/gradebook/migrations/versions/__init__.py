"""One file per version, in order; each names the version before it."""

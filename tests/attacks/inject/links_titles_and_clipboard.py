"""Prints sequences that set the title, the clipboard and links of a terminal."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "\x1b]0;pwned\x07\x1b]52;c;cHduZWQ=\x07\x1b]8;;https://pwned.example\x1b\\here\x1b]8;;\x1b\\\x1bP+q544e\x1b\\\x1b[6n\x1b[c", flush=True)
    return values

"""Prints and raises what a spreadsheet would run."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "=HYPERLINK(\"https://pwned.example\")", "+1+1", "-1", "@SUM(1)", "\t=1+1", "\r=cmd|' /C calc'!A0", flush=True)
    return values

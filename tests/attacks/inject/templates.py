"""Prints and raises what a template engine would run."""

SAYS = "printed"


def scale(values, factor):
    print("printed", "{{ 7 * 7 }}{% for x in cycler.__init__.__globals__ %}{{ x }}{% endfor %}${7*7}#{7*7}{0.__class__}%s%n", flush=True)
    return values

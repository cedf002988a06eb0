"""Times, not plus: @SECRET@-in-the-mistake."""


def scale(values, factor):
    return values + factor

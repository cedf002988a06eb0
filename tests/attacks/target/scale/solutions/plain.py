"""@SECRET@-in-the-solution"""


def scale(values, factor):
    return values * factor

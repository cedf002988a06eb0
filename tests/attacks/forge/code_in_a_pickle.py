"""Returns objects that run code wherever they are unpickled, copied, printed or formatted."""

import builtins
import os

SAYS = "made"


class Bomb(dict):
    def __reduce__(self):
        return os._exit, (0,)

    def __reduce_ex__(self, protocol):
        return builtins.print, ("BREACH pickled",)

    def breach(self, *_):
        print("BREACH asked for its text", flush=True)
        return "x"

    __repr__ = __str__ = __format__ = __deepcopy__ = __copy__ = breach


def scale(values, factor):
    print("made")
    return [Bomb(), Bomb]

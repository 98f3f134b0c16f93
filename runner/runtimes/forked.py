"""PID 1 and the runtime from one Python: the runtime is a fork of PID 1, with what was loaded ahead in its memory.

Imported before anything else of ours, by the zygote and by PID 1 of a container. Standard library only, from Python 3.9.
"""

import gc
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0:0] = [HERE, HERE + "/python"]
from pupitre_runtime import main as runtime  # noqa: E402
from pupitre_runtime.sdk import Shelf  # noqa: E402

BARE = set(sys.modules)  # what every runtime process has loaded before a function's own code
import init  # noqa: E402

OWN = ("contained", "forked", "init", "launcher", "pid1", "zygote")
_own = {}  # those modules by name: they are not taken apart where the function need not find them


def load(sdk):
    """A shelf with what PID 1 needs and the function does not, and with the SDK from the directory ``sdk``, or without.

    From now on nothing of ours can be imported.
    """
    sys.path[:] = [path for path in sys.path if path not in (HERE, HERE + "/python")]
    _own.update((name, module) for name, module in sys.modules.items() if name.partition(".")[0] in OWN)
    shelf = Shelf()
    shelf.load(sdk, BARE.union(_own))
    gc.collect()
    gc.freeze()
    return shelf


def begin(config, shelf):
    """Be PID 1."""
    init.begin(config, lambda: become_runtime(shelf))


def become_runtime(shelf):
    """In a fork of PID 1: the process that the function's code will run in."""
    for name in _own:
        sys.modules.pop(name, None)
    sys.argv[:] = [HERE + "/python/bootstrap.py"]
    runtime.serve(shelf)

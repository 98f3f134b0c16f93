"""The zygote: one Python interpreter with the runtime and the AWS SDK loaded, of which every sandbox is a fork.

What costs a process two tenths of a second of processor time costs a fork a few milliseconds, and their memory is
shared until it is written to. No code of any function ever runs here, and there is nothing here to be found out: an
empty environment, no secret, no file but those that every sandbox has.

It obeys the messages of ``launcher.py`` on descriptor 0, ``start`` with what ``held.py`` needs instead of a command,
and says ``{"ready": true}`` first. Standard library and the SDK only, from Python 3.9.
"""

import gc
import json
import os
import socket
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0:0] = [HERE, HERE + "/python"]
from pupitre_runtime import main as runtime  # noqa: E402
from pupitre_runtime.sdk import Shelf  # noqa: E402

BARE = set(sys.modules)  # what every runtime process has loaded before a function's own code
import init  # noqa: E402
import launcher  # noqa: E402
from zygote import held  # noqa: E402

sys.path[0:2] = []
OWN = ("init", "launcher", "pid1", "zygote")
EXTRA = [name for name in set(sys.modules) - BARE if name.partition(".")[0] not in OWN]  # what PID 1 needs


def main():
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    shelf = Shelf()
    shelf.load("/var/runtime")
    shelf.modules.update((name, sys.modules[name]) for name in EXTRA)
    gc.collect()
    gc.freeze()

    def start(message, stream):
        return held.start(message, stream, lambda: become_init(message["config"], shelf))

    control.send(json.dumps({"ready": True}).encode())
    launcher.Launcher(control, start).serve()


def become_init(config, shelf):
    init.begin(config, lambda: become_runtime(shelf))


def become_runtime(shelf):
    """In a fork of PID 1: the process that the function's code will run in."""
    for name in list(sys.modules):
        if name.partition(".")[0] in OWN:
            del sys.modules[name]
    sys.argv[:] = [HERE + "/python/bootstrap.py"]
    runtime.serve(shelf)


if __name__ == "__main__":
    main()

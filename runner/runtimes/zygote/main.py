"""The zygote: one Python interpreter with the runtime, and perhaps the AWS SDK, loaded, of which sandboxes are forks.

usage: main.py [DIRECTORY]   (with the SDK from there)

What costs a process two tenths of a second of processor time costs a fork a few milliseconds, and their memory is
shared until it is written to. No code of any function ever runs here, and there is nothing here to be found out: an
empty environment, no secret, no file but those that every sandbox has.

It obeys the messages of ``launcher.py`` on descriptor 0, ``start`` with what ``held.py`` needs instead of a command,
and says ``{"ready": true}`` first. Standard library and the SDK only, from Python 3.9.
"""

import json
import os
import socket
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, HERE)
import forked  # noqa: E402
import launcher  # noqa: E402
from zygote import held  # noqa: E402


def main():
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    shelf = forked.load(sys.argv[1] if len(sys.argv) > 1 else "")

    def start(message, stream):
        return held.start(message, stream, lambda: forked.begin(message["config"], shelf))

    control.send(json.dumps({"ready": True}).encode())
    launcher.Launcher(control, start).serve()


if __name__ == "__main__":
    main()

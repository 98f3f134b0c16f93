"""PID 1 of a container, as its image starts it, with the configuration that ``init.py`` describes.

A configuration with an ``sdk`` (the directory of the AWS SDK to load ahead, or empty) is of a function whose runtime is
this same Python: it is a fork then, and a second interpreter need not be started.
"""

import json
import os
import socket
import sys

WIRE = "/var/wire/pid1"


def take_wire():
    """Speak with the worker itself, where it offers that; else over what the engine has attached."""
    with socket.socket(socket.AF_UNIX) as wire:
        try:
            wire.connect(WIRE)
        except OSError:
            return
        for descriptor in (0, 1):
            os.dup2(wire.fileno(), descriptor)


def main():
    take_wire()
    config = json.loads(sys.argv[1])
    if "sdk" in config:
        import forked

        forked.begin(config, forked.load(config["sdk"]))
    else:
        import init

        init.begin(config)

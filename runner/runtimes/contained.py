"""PID 1 of a container, as its image starts it, with the configuration that ``init.py`` describes.

A configuration with an ``sdk`` (the directory of the AWS SDK to load ahead, or empty) is of a function whose runtime is
this same Python: it is a fork then, and a second interpreter need not be started.
"""

import json
import sys


def main():
    config = json.loads(sys.argv[1])
    if "sdk" in config:
        import forked

        forked.begin(config, forked.load(config["sdk"]))
    else:
        import init

        init.begin(config)

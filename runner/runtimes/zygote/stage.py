"""Builds the view that a zygote and all its sandboxes have of the file system, enters it, and executes the zygote.

usage: stage.py PLAN   (JSON, made by the bubblewrap driver), with the zygote's control socket as file descriptor 0.

As root the mounts are made in a mount namespace of their own; else in a user namespace of their own, too.
Standard library only, from Python 3.9.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from zygote import kernel  # noqa: E402

NODES = ("null", "zero", "full", "random", "urandom", "tty")


def main():
    plan = json.loads(sys.argv[1])
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    if os.geteuid() == 0:
        kernel.unshare(kernel.NEWNS)
    else:
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(kernel.NEWUSER | kernel.NEWNS)
        kernel.map_user(*plan["inside"], user, group)  # with a root here, what PID 1 hides would be that one's: ours
    kernel.mount("none", "/", "", kernel.REC | kernel.PRIVATE)
    build(plan)
    kernel.change_root(plan["root"])
    os.execve(plan["argv"][0], plan["argv"], plan["environment"])


def build(plan):
    root = plan["root"]
    os.makedirs(root, exist_ok=True)
    kernel.mount("tmpfs", root, "tmpfs", kernel.NOSUID | kernel.NODEV, "mode=755,size=4m")
    for path in plan["directories"]:
        os.makedirs(root + path, exist_ok=True)
    for source, target in plan["binds"]:
        os.makedirs(root + target, exist_ok=True)
        kernel.bind_to_read(source, root + target)
    for text, path in plan["links"]:
        os.symlink(text, root + path)
    for source, target, below in plan["host"]:
        os.makedirs(root + target)
        kernel.mount(source, root + target, "", kernel.BIND | (kernel.REC if below else 0))
    devices(root + "/dev")
    kernel.bind("/proc", root + "/proc")


def devices(directory):
    kernel.mount("tmpfs", directory, "tmpfs", kernel.NOSUID, "mode=755,size=64k")
    for name in NODES:
        path = directory + "/" + name
        os.close(os.open(path, os.O_CREAT, 0o644))
        kernel.bind("/dev/" + name, path)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink("/proc/self/fd/%d" % number, directory + "/" + name)
    os.symlink("/proc/self/fd", directory + "/fd")
    os.symlink("/proc/kcore", directory + "/core")
    os.symlink("pts/ptmx", directory + "/ptmx")
    for name in ("shm", "pts"):
        os.mkdir(directory + "/" + name)


if __name__ == "__main__":
    main()

"""A fork of the zygote becomes a sandbox: namespaces, its own files, one user, no capabilities, the filter; then PID 1.

What it ends up in is what the bubblewrap driver's command line says (``bubblewrap.py``); here every step is a call.

The way there has two forks, because who makes a PID namespace is not in it. The first makes the namespaces and ends;
the second is PID 1 there, and the zygote's own child by then. It dies with the zygote, whenever that dies: it goes on
only when it has arranged for that and has then heard from the zygote once more.
"""

import os
import signal

import launcher
from zygote import kernel

READ_BEFORE = ("sys", "sysrq-trigger", "irq", "bus")  # of /proc: of the machine, not of a process


def start(message, stream, run):
    """Fork a sandbox that ends up in ``run()`` with ``stream`` as descriptors 0 and 1; its process id.

    Raises OSError when it did not get so far as to be a process of its own; its errors file says why.
    """
    hearing, telling = os.pipe()
    waiting, going = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            _separate(message, stream, telling, waiting, run)
        except BaseException as error:
            os.write(2, ("The sandbox: %s\n" % error).encode())
        finally:
            os._exit(126)
    os.close(telling)
    os.close(waiting)
    try:
        said = os.read(hearing, 16)
        os.waitpid(first, 0)
        if not said:
            raise OSError("no sandbox")
        os.write(going, b"g")
        if os.read(hearing, 1):  # it is bound to us, or gone
            os.write(going, b"g")
        return int(said)
    finally:
        os.close(hearing)
        os.close(going)


def _separate(message, stream, telling, waiting, run):
    launcher.report_to(message["errors"])
    launcher.set_apart(message)
    if message["user"] is not None:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else the maps below would not be ours to write
    outside = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NAMESPACES)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    kernel.map_user(*message["inside"], *outside)
    pid = os.fork()
    if pid:
        os.write(telling, b"%d" % pid)
        os._exit(0)
    _bind_to_zygote(telling, waiting)
    os.dup2(stream, 0)
    os.dup2(stream, 1)
    kernel.close_from(3)
    _hold(message)
    run()


def _bind_to_zygote(telling, waiting):
    if not os.read(waiting, 1):
        os._exit(126)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.write(telling, b"b")
    if not os.read(waiting, 1):
        os._exit(126)


def _hold(message):
    with open(message["filter"], "rb") as file:
        program = file.read()
    _enter_files(message)
    kernel.set_hostname(message["hostname"])
    kernel.bring_up_loopback()
    kernel.drop_capabilities()
    kernel.filter_system_calls(program)


def _enter_files(message):
    """Replace everything that the zygote has by what the code inside may see."""
    root = message["root"]
    kernel.mount("none", "/", "", kernel.REC | kernel.PRIVATE)
    kernel.mount("tmpfs", root, "tmpfs", kernel.NOSUID | kernel.NODEV, "mode=755,size=1m")
    for path in message["directories"]:
        os.mkdir(root + path)
    for text, path in message["links"]:
        os.symlink(text, root + path)
    for path in message["shared"]:
        kernel.bind(path, root + path)
    for name, path in (("task", "/var/task"), ("opt", "/opt")):
        kernel.bind_to_read(message["directory"] + "/" + name, root + path)
    kernel.bind("/dev", root + "/dev")
    for path, size in message["temporary"].items():
        kernel.mount("tmpfs", root + path, "tmpfs", kernel.NOSUID | kernel.NODEV, "mode=1777,size=%d" % size)
    kernel.mount(
        "devpts", root + "/dev/pts", "devpts", kernel.NOSUID | kernel.NOEXEC, "newinstance,ptmxmode=0666,mode=620"
    )
    _enter_processes(root)
    kernel.restrict(root + "/dev", kernel.READ_ONLY, below=False)
    kernel.restrict(root, kernel.READ_ONLY, below=False)
    kernel.change_root(root)


def _enter_processes(root):
    kernel.mount("proc", root + "/proc", "proc", kernel.NOSUID | kernel.NOEXEC | kernel.NODEV)
    for name in READ_BEFORE:
        path = root + "/proc/" + name
        if os.access(path, os.W_OK):
            kernel.bind_to_read(path, path)

"""Run tests on a kernel of their own, in user mode: Linux with control groups of version 2 and nothing else.

    user_mode_kernel.py tests/runner/test_cgroups.py tests/runner/test_bubblewrap.py -k "not six_megabytes"

For a machine whose own kernel has version 1. Needs root and the program linux.uml (Debian: apt install user-mode-linux).
The kernel sees this machine's files as they are, has its own /tmp, /run and /var/tmp, one processor, and takes ten times
as long as a real one: tests that give a function ten seconds for much memory may run out of them.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM, MEMORY = "linux.uml", "5G"
INIT = """#!/bin/sh
export PATH={path} HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for folder in /run /var/tmp /tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
for folder in {root} {folder}; do mkdir -p $folder; mount -t hostfs none $folder -o $folder; done
ip link set lo up
cd {root}
PYTHONUNBUFFERED=1 {python} -m pytest -p no:cacheprovider {tests}
echo $? > {folder}/status
echo o > /proc/sysrq-trigger
sleep 60
"""


def main() -> None:
    program = shutil.which(PROGRAM)
    if program is None:
        sys.exit(f"{PROGRAM} is not installed (Debian: apt install user-mode-linux).")
    if os.geteuid() != 0:
        sys.exit("Only root can give the tests a kernel that sees this machine's files.")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        init = folder / "init"
        words = {"path": os.environ["PATH"], "root": ROOT, "folder": folder, "python": ROOT / ".venv/bin/python"}
        quoted = {name: shlex.quote(str(word)) for name, word in words.items()}
        init.write_text(INIT.format(tests=shlex.join(sys.argv[1:]), **quoted))
        init.chmod(0o755)
        told = ("rootfstype=hostfs", "rootflags=/", "rw", f"init={init}", "quiet", "con=null", "con0=fd:0,fd:1")
        subprocess.run((program, f"mem={MEMORY}", *told), stdin=subprocess.DEVNULL, check=False)
        status = folder / "status"
        sys.exit(int(status.read_text()) if status.exists() else "The kernel has ended before the tests did.")


if __name__ == "__main__":
    main()

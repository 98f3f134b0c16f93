"""How much memory the function's processes use, and whether that is more than its MemorySize."""

import os
import re
import time

PROCESSES = 1024
SLOW_TICK, FAST_TICK = 0.04, 0.01
UNSEEN = 1.0  # so long at most between two looks, while there is work
STATUS = {name: b"\n" + name + b":" for name in (b"VmHWM", b"VmRSS", b"RssAnon", b"RssShmem")}
SHARE = re.compile(rb"^Pss_(?:Anon|Shmem):\s+(\d+)", re.MULTILINE)
OOM_KILLS = re.compile(rb"^oom_kill (\d+)", re.MULTILINE)


class Memory:
    """``alone``: every process of the PID namespace but this one is the function's; else only ``child`` is watched."""

    def __init__(self, alone):
        self.alone = alone
        self.child = None
        self.limit_kb = 0  # 0 until the sandbox is bound
        self.peak_kb = 0
        self.processes = 1
        self.tick = SLOW_TICK  # seconds until the next look
        self.due = self.looked = 0.0
        self.status = None  # of the only process, kept open
        self.shelf_kb = self.sdk_kb = 0  # of the child's: what is not, and what is not yet, the function's

    def reaped(self, pid, peak_kb):
        """A process has ended that used so much at its height."""
        self.peak_kb = max(self.peak_kb, peak_kb - self.shelf_kb * (pid == self.child))

    def exceeded(self, now):
        """Look, when it is time to; what there is too much of (memory or processes), or None."""
        if now < self.due:
            return None
        self.looked = now
        anonymous = shared = resident = 0
        pids = self.pids()
        for pid in pids:
            figures = self.figures(pid)
            anonymous += figures.get(b"RssAnon", 0)
            shared = max(shared, figures.get(b"RssShmem", 0))
            resident += figures.get(b"VmRSS", 0)
        self.processes = len(pids)
        used = anonymous + shared
        self.peak_kb = max(self.peak_kb, resident if self.processes == 1 else used)
        cost = time.monotonic() - now
        self.tick = max(FAST_TICK if used * 2 > self.limit_kb else SLOW_TICK, 5 * cost)
        self.due = now + self.tick
        if used > self.limit_kb and (self.processes == 1 or self.share(pids) > self.limit_kb):
            return {"used_kb": used}
        if self.processes > PROCESSES:
            return {"processes": self.processes}
        return None

    def lends(self, shelf_kb=0, sdk_kb=0):
        """The child was given so much that it did not ask for; ``sdk_kb`` of it when it begins to use that."""
        self.shelf_kb, self.sdk_kb = shelf_kb, sdk_kb

    def is_used(self):
        """The function uses what it was lent."""
        self.shelf_kb, self.sdk_kb = max(0, self.shelf_kb - self.sdk_kb), 0

    def figures(self, pid):
        """Of one process, without what the function was only lent."""
        return self.own(_status(pid)) if pid == str(self.child) else _status(pid)

    def own(self, figures):
        return {name: max(0, figure - self.shelf_kb * (name != b"RssShmem")) for name, figure in figures.items()}

    def pids(self):
        if not self.alone:
            return [str(self.child)]
        return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]

    def share(self, pids):
        """What several processes hold together, pages that forks still share counted once."""
        total = 0
        for pid in pids:
            try:
                with open("/proc/%s/smaps_rollup" % pid, "rb") as file:
                    total += sum(int(figure) for figure in SHARE.findall(file.read()))
            except OSError:
                total += self.figures(pid).get(b"RssAnon", 0)
        return total

    def begin(self, now):
        """An invocation begins. A short one is over before the first look, but no more than a second goes by without."""
        if now - self.looked < UNSEEN:
            self.due = max(self.due, now + self.tick)

    def note_peak(self):
        """Take in the highest that living processes have used; look at once next time if it is too much."""
        if self.processes > 1:
            self.peak_kb = max(self.peak_kb, *(self.figures(pid).get(b"VmHWM", 0) for pid in self.pids()), 0)
            return
        figures = self.own_status()
        self.peak_kb = max(self.peak_kb, figures.get(b"VmHWM", 0))
        if figures.get(b"RssAnon", 0) + figures.get(b"RssShmem", 0) > self.limit_kb:
            self.looked = self.due = 0.0

    def own_status(self):
        """Of the runtime, without opening its file each time."""
        if self.status is None or self.status[0] != self.child:
            self.close()
            try:
                self.status = self.child, os.open("/proc/%s/status" % self.child, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return {}
        try:
            return self.own(_figures(os.pread(self.status[1], 4096, 0)))
        except OSError:
            return {}

    def close(self):
        if self.status is not None:
            os.close(self.status[1])
            self.status = None


def oom_kills():
    """How often the kernel has killed for want of memory, where our control group can be seen from inside."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            with open(path, "rb") as file:
                found = OOM_KILLS.search(file.read())
        except OSError:
            continue
        if found:
            return int(found.group(1))
    return 0


def _status(pid):
    try:
        with open("/proc/%s/status" % pid, "rb") as file:
            return _figures(file.read())
    except OSError:
        return {}


def _figures(text):
    """By name, in kB. Looked for one by one: after every invocation a pattern took ten times as long."""
    found = {}
    for name, line in STATUS.items():
        at = text.find(line)
        if at >= 0:
            found[name] = int(text[at + len(line) : text.index(b"k", at)])
    return found

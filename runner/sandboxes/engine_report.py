"""What a container engine offers the Docker driver, in words for whoever runs the server."""

import re
from typing import Any

from django.utils.translation import gettext as _

from runner.broker.protocol import Message
from runner.sandboxes.base import Capability

API_MIN = (1, 41)
# The first releases without the escapes CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881.
RUNC_MENDED: dict[tuple[int, ...], tuple[int, ...]] = {(1, 2): (1, 2, 8), (1, 3): (1, 3, 3)}
LIMITS = ("MemoryLimit", "CpuCfsQuota", "PidsLimit")


def unreachable(reason: str) -> Capability:
    """Without the broker nothing can be said of the engine."""
    remedy = _("Start it: manage.py broker, as a user who may open the container engine's socket.")
    return Capability(name=_("sandbox broker"), ok=False, required=True, detail=reason, remedy=remedy)


def capabilities(status: Message, runtimes: list[dict[str, Any]]) -> list[Capability]:
    """Of the broker's ``status`` and its list of images."""
    engine = status["engine"]
    return [
        _broker(status),
        _engine(engine),
        _filter(engine),
        _images(runtimes),
        _limits(engine),
        _runc(engine),
        _walls(engine),
    ]


def _broker(status: Message) -> Capability:
    detail = _("{running} sandboxes, {given_up} slots given up").format(**status)
    return Capability(name=_("sandbox broker"), ok=True, required=True, detail=detail)


def _engine(engine: Message) -> Capability:
    detail = f"{engine['version']}, API {engine['api_version']}"
    remedy = _("Update the container engine to 20.10 or newer.")
    ok = _version(engine["api_version"]) >= API_MIN
    return Capability(name=_("container engine"), ok=ok, required=True, detail=detail, remedy=remedy)


def _filter(engine: Message) -> Capability:
    ok = any("seccomp" in option for option in engine["SecurityOptions"] or ())
    detail = _("works") if ok else _("the engine has none")
    remedy = _("Use an engine and a kernel with seccomp.")
    return Capability(name=_("system call filter"), ok=ok, required=True, detail=detail, remedy=remedy)


def _images(runtimes: list[dict[str, Any]]) -> Capability:
    found = sorted(f"{one['family']} {one['version'][0]}.{one['version'][1]}" for one in runtimes)
    remedy = _(
        "Build them: scripts/build_images.py, or docker compose --profile images build; then restart the broker."
    )
    detail = ", ".join(found) or _("none")
    return Capability(name=_("runtime images"), ok=bool(found), required=True, detail=detail, remedy=remedy)


def _limits(engine: Message) -> Capability:
    """Rootless engines on control groups version 1 take limits and quietly do not apply them."""
    missing = [name for name in LIMITS if not engine[name]]
    if _rootless(engine) and str(engine["CgroupVersion"]) == "1":
        missing = list(LIMITS)
    detail = _("missing: {names}").format(names=", ".join(missing)) if missing else _("memory, processor, processes")
    remedy = _(
        "Give the engine the memory, cpu and pids controllers (rootless: control groups version 2 with systemd)."
    )
    return Capability(name=_("control groups"), ok=not missing, required=False, detail=detail, remedy=remedy)


def _runc(engine: Message) -> Capability:
    version = _version(engine["runc"])
    mended = RUNC_MENDED.get(version[:2], (1, 4, 0))
    remedy = _("Update runc: this one has known ways out of a container (CVE-2025-31133, -52565, -52881).")
    detail = engine["runc"] or _("unknown")
    return Capability(name="runc", ok=version >= mended, required=False, detail=detail, remedy=remedy)


def _walls(engine: Message) -> Capability:
    """Whether root in the engine is root on the host; for the day somebody finds a way out."""
    ok = _rootless(engine) or any("userns" in option for option in engine["SecurityOptions"] or ())
    remedy = _("Stronger still: a rootless engine, or its userns-remap setting.")
    detail = _("mapped") if ok else _("the engine's root is the host's root")
    return Capability(name=_("users"), ok=ok, required=False, detail=detail, remedy="" if ok else remedy)


def _rootless(engine: Message) -> bool:
    return any("rootless" in option for option in engine["SecurityOptions"] or ())


def _version(text: str) -> tuple[int, ...]:
    """``1.1.5+ds1-1`` → ``(1, 1, 5)``; what is no version is older than any."""
    found = re.match(r"\d+(\.\d+)*", text or "")
    return tuple(int(part) for part in found[0].split(".")) if found else ()

"""The native driver: no sandbox at all. The owner's own code on the owner's own machine, and nothing else.

The same PID 1 program and the same frames as elsewhere, but as an ordinary process of the worker's user, which sees
every file and network that the worker sees. Refused unless ``settings.ALLOW_UNSANDBOXED`` says that this is meant.
"""

from django.conf import settings
from django.utils.translation import gettext as _

from runner.sandboxes import rootfs
from runner.sandboxes.base import Capability
from runner.sandboxes.launched import LaunchedDriver, LaunchedSandbox, Place


class Native(LaunchedDriver):
    name = "native"
    strict = False

    def capabilities(self) -> list[Capability]:
        remedy = _(
            "Install bubblewrap and use SANDBOX_DRIVER=bubblewrap. Where that cannot be had, and only your own "
            "code will ever run here, set ALLOW_UNSANDBOXED=1."
        )
        allowed = bool(settings.ALLOW_UNSANDBOXED)
        detail = _("allowed by ALLOW_UNSANDBOXED") if allowed else _("refused: functions could read everything here")
        return [Capability(name=_("no sandbox"), ok=allowed, required=True, detail=detail, remedy=remedy)]

    def place(self, sandbox: LaunchedSandbox) -> Place:
        libraries = rootfs.libraries(sandbox.interpreter)
        return Place(
            task=str(sandbox.directory / "task"),
            opt=str(sandbox.directory / "opt"),
            sdk=str(libraries if libraries.is_dir() else self.workplace.directory / "empty"),
            rapid=str(self.workplace.directory / "rapid"),
        )

    def executable(self, sandbox: LaunchedSandbox) -> str:
        return str(sandbox.interpreter.executable)

    def port(self) -> int:
        return 0  # the function reaches the endpoint itself

    def argv(self, sandbox: LaunchedSandbox, config: str) -> list[str]:
        start = rootfs.START_INIT.format(rapid=str(self.workplace.directory / "rapid"))
        return [str(self.own_interpreter.executable), "-I", "-S", "-c", start, config]

    def adjust(self, environment: dict[str, str], sandbox: LaunchedSandbox) -> dict[str, str]:
        place = self.place(sandbox)
        moved = {
            "LAMBDA_TASK_ROOT": place.task,
            "LAMBDA_RUNTIME_DIR": place.sdk,
            "LAMBDA_OPT_ROOT": place.opt,
            "AWS_ENDPOINT_URL": f"http://{settings.API_INTERNAL}",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        if sandbox.interpreter.family == "node":
            moved["NODE_PATH"] = f"{place.opt}/nodejs/node_modules:{place.sdk}/node_modules"
        elif sandbox.interpreter.family == "python":
            moved["PYTHONPATH"] = place.sdk
        environment.pop("LD_LIBRARY_PATH", None)
        return {**environment, **moved}

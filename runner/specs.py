"""What a worker must know to run one function version: looked up once for each change of its account."""

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import arns, database
from core.prepared import Prepared
from functions import archives
from functions.models import LayerVersion, Version
from runner import context, runtimes
from runner.mentions import names_sdk
from runner.runtimes import Interpreter
from runner.sandboxes.base import Sdk


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One version, ready to be run. ``fingerprint`` changes with anything that an environment was made from."""

    version: Version
    interpreter: Interpreter
    code_dir: Path
    layer_dirs: tuple[Path, ...]
    sdk: Sdk
    fingerprint: str
    log_group: str
    json_logs: bool

    @property
    def account_id(self) -> str:
        return str(self.version.function.account_id)

    @property
    def region(self) -> str:
        return self.version.function.region

    @property
    def name(self) -> str:
        return self.version.function.name

    @property
    def label(self) -> str:
        return f"{self.account_id}/{self.name}:{self.version.label}"


class Specs:
    """The specs of this process, by version and account stamp; the least recently used go first."""

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._known: OrderedDict[int, tuple[int, RunSpec]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, version_id: int, stamp: int) -> RunSpec | None:
        """What ``get`` would say, if it is known."""
        known = self._known.get(version_id)
        return known[1] if known is not None and known[0] >= stamp else None

    def get(self, version_id: int, stamp: int) -> RunSpec:
        """The spec of a version as it is at ``stamp`` or later. Raises ``Version.DoesNotExist``, ``ServiceError``."""
        with self._lock:
            known = self._known.get(version_id)
            if known is not None and known[0] >= stamp:
                self._known.move_to_end(version_id)
                return known[1]
        with database.borrowed():
            spec = load(version_id)
        with self._lock:
            self._known[version_id] = (stamp, spec)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return spec


_VERSION = Prepared(lambda key: Version.objects.select_related("function").filter(pk=key), key=int)


def load(version_id: int) -> RunSpec:
    """Look up a version with its code and layers. Raises ``Version.DoesNotExist`` and ``ServiceError``."""
    version = _VERSION.one(key=version_id)
    if version is None:
        raise Version.DoesNotExist(version_id)
    layers = _layers(version)
    code_dir = archives.package_dir(version.package_id)
    layer_dirs = tuple(archives.package_dir(sha256) for sha256 in layers)
    interpreter = _interpreter(version.runtime)
    return RunSpec(
        version=version,
        interpreter=interpreter,
        code_dir=code_dir,
        layer_dirs=layer_dirs,
        sdk=_sdk(interpreter, (code_dir, *layer_dirs)),
        fingerprint=fingerprint(version, layers),
        log_group=context.log_group_name(version),
        json_logs=version.logging.get("LogFormat") == "JSON",
    )


def _interpreter(runtime: str) -> Interpreter:
    return runtimes.interpreter_for(runtime)


def _sdk(interpreter: Interpreter, directories: tuple[Path, ...]) -> Sdk:
    return Sdk.AT_HAND if interpreter.family == "python" and any(map(names_sdk, directories)) else Sdk.UNUSED


def fingerprint(version: Version, layer_packages: list[str]) -> str:
    """A name for everything an environment is made from; environments with another name are of no use any more."""
    made_from: list[Any] = [
        str(version.function_id),
        version.number,
        version.package_id,
        layer_packages,
        version.runtime,
        version.handler,
        version.role_arn,
        version.memory_size,
        version.ephemeral_storage,
        version.environment,
        version.logging,
        version.architectures,
    ]
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def _layers(version: Version) -> list[str]:
    """The packages of its layers in order; a layer version that was deleted is kept for those who have it."""
    packages = []
    for text in version.layers:
        arn = arns.parse(text)
        assert arn is not None
        _kind, name, number = arn.resource.split(":")
        rows = LayerVersion.objects.filter(account=arn.account, name=name, number=int(number))
        packages.append(rows.values_list("package_id", flat=True).get())
    return packages

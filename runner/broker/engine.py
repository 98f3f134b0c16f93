"""The container engine, as far as the broker uses it. Every call has a time-out, and every trouble is one exception."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from core import clock
from runner.broker import containers

log = logging.getLogger(__name__)
CALL_S = 10.0  # a stuck runtime makes the engine's API hang for ever
REMOVAL_S = 10.0
_NOT_FOUND, _NOT_MODIFIED, _CONFLICT = 404, 304, 409
_TROUBLES = (DockerException, RequestException, OSError)


class EngineTrouble(Exception):
    """The engine refused, failed, or did not answer in time; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A runtime's image, by id: what a worker may have started."""

    id: str
    family: str
    version: tuple[int, int]
    executable: str

    @property
    def runtime(self) -> str:
        """The key by which workers ask for it, e.g. ``python-3.13``."""
        return f"{self.family}-{self.version[0]}.{self.version[1]}"


class Engine:
    """Thread-safe. All methods but ``ooms`` end within ``CALL_S`` or a little more. Raises ``EngineTrouble``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = None

    @property
    def _api(self) -> Any:
        if self._client is None:
            self._client = docker.APIClient(base_url=self._url, version="auto", timeout=CALL_S, num_pools=32)
        return self._client

    def info(self) -> dict[str, Any]:
        """What the engine says about itself: its ``/info``, with ``/version`` under ``version``."""
        answer: dict[str, Any] = self._do("info", lambda: self._api.info())
        return answer | {"version": self._do("version", lambda: self._api.version())}

    def images(self) -> list[Image]:
        """The runtimes' images there are: one of each runtime, the newest."""
        found = self._do("images", lambda: self._api.images(filters={"label": containers.LABEL_FAMILY}))
        newest: dict[str, Image] = {}
        for image in sorted(found, key=lambda one: one["Created"]):
            labels = image["Labels"]
            major, _dot, minor = labels[containers.LABEL_VERSION].partition(".")
            one = Image(
                id=image["Id"],
                family=labels[containers.LABEL_FAMILY],
                version=(int(major), int(minor or 0)),
                executable=labels[containers.LABEL_EXECUTABLE],
            )
            newest[one.runtime] = one
        return list(newest.values())

    def volume_path(self, name: str) -> str:
        """Where on the engine's host the volume ``name`` lies."""
        return str(self._do("volume", lambda: self._api.inspect_volume(name))["Mountpoint"])

    def launch(self, name: str, configuration: dict[str, Any]) -> int:
        """Make the container ``name``, attach to it, start it: the descriptor of its attached stream.

        After a failure it may or may not exist: ``remove`` it.
        """
        self._do("create", lambda: self._api.create_container_from_config(configuration, name=name))
        stream: int = self._do("attach", lambda: self._attach(name))
        try:
            self._do("start", lambda: self._api.start(name))
        except EngineTrouble:
            os.close(stream)
            raise
        return stream

    def _attach(self, name: str) -> int:
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = self._api.attach_socket(name, params=wanted)
        try:
            return os.dup(attached.fileno())
        finally:
            attached._response.close()

    def update(self, name: str, changed: dict[str, Any]) -> None:
        """Change a running container's limits (``containers.limit``)."""

        def post() -> None:
            address = self._api._url("/containers/{0}/update", name)
            self._api._raise_for_status(self._api._post_json(address, data=changed))

        self._do("update", post)

    def remove(self, name: str) -> None:
        """Kill the container ``name`` and remove it, if it is there; returns when it is gone."""
        until = clock.monotonic() + REMOVAL_S
        while not self._do("remove", lambda: self._try_remove(name)):
            if clock.monotonic() > until:
                raise EngineTrouble(f"Container {name} could not be removed.")
            time.sleep(0.02)

    def _try_remove(self, name: str) -> bool:
        try:
            self._api.remove_container(name, force=True, v=True)
        except APIError as error:
            if error.status_code == _NOT_FOUND:
                return True
            if error.status_code != _CONFLICT:
                raise
            return False  # it is being removed at this moment
        return True

    def wait_gone(self, name: str, seconds: float) -> bool:
        """Whether the container ``name`` ends and is removed by itself within so many seconds."""
        try:
            self._api.wait(name, timeout=seconds, condition="removed")
        except NotFound:
            return True
        except _TROUBLES:
            return False
        return True

    def ours(self, install: str) -> list[str]:
        """The names of all containers of this installation, running or not."""
        label = f"{containers.LABEL_INSTALL}={install}"
        found = self._do("list", lambda: self._api.containers(all=True, filters={"label": label}))
        return [name.lstrip("/") for one in found for name in one["Names"] or [one["Id"]]]

    def ooms(self, install: str) -> Iterator[str]:
        """The names of this installation's containers in which the kernel kills for want of memory, as it happens."""
        client = docker.APIClient(base_url=self._url, version="auto", timeout=None)
        filters = {"event": ["oom"], "label": [f"{containers.LABEL_INSTALL}={install}"]}
        try:
            for event in client.events(decode=True, filters=filters):
                yield event["Actor"]["Attributes"]["name"]
        except _TROUBLES as error:
            raise EngineTrouble(f"events: {error}") from error
        finally:
            client.close()

    def _do[T](self, what: str, act: Callable[[], T]) -> T:
        try:
            return act()
        except APIError as error:
            raise EngineTrouble(f"{what}: {error.explanation or error}") from error
        except _TROUBLES as error:
            raise EngineTrouble(f"{what}: {error}") from error

"""The deployment of compose.yaml, built and started on a real engine. Skips where there is none, and says why."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.groups import rests
from tests.live import ROOT, Reachable, eventually, free_port

HEALTHY_WITHIN_S = 240
LOCAL_IMAGE = "pupitre-services:local"
PROGRAMS = {"console", "api", "worker-invoke", "worker-events", "beat", "broker", "redis", "postgres"}
LOOK_EVERY_S = dict.fromkeys(PROGRAMS, 5) | {"redis": 2, "postgres": 2}  # nobody else waits for the health checks


def compose_program() -> list[str]:
    """``docker compose``, or its predecessor."""
    if subprocess.run(("docker", "compose", "version"), capture_output=True).returncode == 0:
        return ["docker", "compose"]
    if found := shutil.which("docker-compose"):
        return [found]
    pytest.skip("neither `docker compose` nor docker-compose is installed")


class Deployment(Reachable):
    """One project of compose, on free ports, with volumes of its own."""

    region = "us-east-1"

    def __init__(self, folder: Path) -> None:
        self.folder, self.program = folder, compose_program()
        self.name = f"pupitre{secrets.token_hex(4)}"
        self.console_port, self.api_port = free_port(), free_port()
        self.environment = {
            **os.environ,
            "DOCKER_HOST": settings.ENGINE_URL,
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_FILE": "compose.yaml:often.json",
            "PUPITRE_REDIS_IMAGE": LOCAL_IMAGE,
            "PUPITRE_POSTGRES_IMAGE": LOCAL_IMAGE,
            "PUPITRE_DATA_VOLUME": f"{self.name}-data",
            "PUPITRE_ENGINE_SOCKET": settings.ENGINE_URL.removeprefix("unix://"),
            "PUPITRE_CONSOLE_PUBLISHED": f"127.0.0.1:{self.console_port}",
            "PUPITRE_API_PUBLISHED": f"127.0.0.1:{self.api_port}",
        }
        shutil.copyfile(ROOT / "compose.yaml", folder / "compose.yaml")
        often = {name: {"healthcheck": {"interval": f"{seconds}s"}} for name, seconds in LOOK_EVERY_S.items()}
        (folder / "often.json").write_text(json.dumps({"services": often}))
        (folder / "secrets").mkdir()
        for secret in ("secret_key", "database_password"):
            (folder / "secrets" / secret).write_text(secrets.token_hex(24))

    def compose(self, *arguments: str) -> str:
        run = subprocess.run(
            (*self.program, *arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def docker(self, *arguments: str) -> str:
        return subprocess.run(
            ("docker", *arguments), env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def up(self) -> None:
        """Start what does not run, and wait until all of it is well."""
        self.compose("up", "-d", "--no-build")
        eventually(self.unwell, lambda unwell: unwell == {}, within_s=HEALTHY_WITHIN_S, every_s=1)

    def unwell(self) -> dict[str, str]:
        """The programs that are not healthy, and what they are instead."""
        states = {name: container["State"] for name, container in self.containers().items() if name in PROGRAMS}
        known = {name: state.get("Health", {}).get("Status", state["Status"]) for name, state in states.items()}
        return {name: known.get(name, "missing") for name in PROGRAMS if known.get(name) != "healthy"}

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine knows of each service's container."""
        label = f"label=com.docker.compose.project={self.name}"
        ids = self.docker("ps", "-aq", "--filter", label).split()
        inspected = json.loads(self.docker("inspect", *ids)) if ids else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in inspected}

    def sandboxes(self) -> list[dict[str, Any]]:
        """What the engine knows of the broker's containers."""
        ids = self.docker("ps", "-q", "--filter", "label=pupitre.install").split()
        inspected = json.loads(self.docker("inspect", *ids)) if ids else []
        volume = f"/{self.name}-data/"
        return [one for one in inspected if any(volume in mount.get("Source", "") for mount in one["Mounts"])]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @cached_property
    def _owners_key(self) -> tuple[str, str]:
        program = (
            "from accounts.services import ensure_owner; key = ensure_owner().access_key; print(key.id, key.secret)"
        )
        said = self.compose("exec", "-T", "console", "python", "manage.py", "shell", "-v", "0", "-c", program)
        key, secret = said.split()[-2:]
        return key, secret

    @property
    def access_key_id(self) -> str:
        return self._owners_key[0]

    @property
    def secret_access_key(self) -> str:
        return self._owners_key[1]

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "20")


@pytest.fixture(scope="session")
def deployment(engine_with_images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All of compose.yaml, its image built from this tree, well and answering."""
    made = Deployment(tmp_path_factory.mktemp("compose"))
    if not shutil.which("mmdebstrap"):
        pytest.skip("mmdebstrap is not installed: it makes the base of the images without a registry")
    build = (sys.executable, str(ROOT / "scripts" / "build_images.py"), "--local", "product")
    built = subprocess.run(build, env=made.environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    try:
        made.up()
        rests("compose", rest=partial(made.compose, "stop"), wake=made.up)
        yield made
    finally:
        made.down()

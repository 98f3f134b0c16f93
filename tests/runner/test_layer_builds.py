"""Layers made of packages: installed from an index that is a folder, by a pip that may start nothing."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from core import clock
from core.errors import InvalidParameterValue
from functions import archives, runtimes, selectors
from functions.zips import Archive
from runner.layerbuilds import building, installer, request_layer_build, requirements
from runner.layerbuilds.requests import TooManyLayerBuilds
from runner.models import LayerBuild

RUNTIME = "python3.13"
HOSTILE = (
    "import pathlib; pathlib.Path({path!r}).write_text('owned')\nfrom setuptools import setup\nsetup(name='evil')\n"
)


class Index:
    """A folder that pip takes for a package index, and what is put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "simple"
        self.url = f"file://{self.folder}"

    def _add(self, project: str, file: str, data: bytes) -> None:
        place = self.folder / project
        place.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(data)
        links = [
            f'<a href="{one.name}#sha256={hashlib.sha256(one.read_bytes()).hexdigest()}">{one.name}</a>'
            for one in place.iterdir()
            if one.name != "index.html"
        ]
        (place / "index.html").write_text(f"<!doctype html><html><body>{''.join(links)}</body></html>")

    def wheel(self, project: str, version: str = "1.0", needs: str = "", files: dict[str, str] | None = None) -> None:
        info = f"{project}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
        contents = files or {f"{project}.py": f"VERSION = {version!r}\n"}
        contents |= {
            f"{info}/METADATA": metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},,\n" for path in [*contents, f"{info}/RECORD"])
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, text in (contents | {f"{info}/RECORD": record}).items():
                archive.writestr(path, text)
        self._add(project, f"{project}-{version}-py3-none-any.whl", buffer.getvalue())

    def source(self, project: str, marker: Path) -> Path:
        """A source distribution whose setup.py writes ``marker``."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, text in (("setup.py", HOSTILE.format(path=str(marker))), ("PKG-INFO", f"Name: {project}\n")):
                entry = tarfile.TarInfo(f"{project}-1.0/{name}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        self._add(project, f"{project}-1.0.tar.gz", buffer.getvalue())
        return self.folder / project / f"{project}-1.0.tar.gz"


@pytest.fixture
def index(settings, tmp_path, monkeypatch):
    settings.CODE_DIR = tmp_path / "code"
    settings.DATA_DIR = tmp_path / "data"
    settings.SANDBOX_DRIVER = "bubblewrap"
    made = Index(tmp_path / "index")
    monkeypatch.setattr(installer, "configured", lambda: {"index-url": made.url})
    runtimes.register_availability(None)
    archives.forget_checks()
    yield made
    from runner.runtimes import is_available

    runtimes.register_availability(is_available)


@pytest.fixture
def sent(monkeypatch):
    """What workers were told, in place of a broker."""
    told: list[object] = []
    for module in ("requests", "building"):
        monkeypatch.setattr(f"runner.layerbuilds.{module}.tell_workers", told.append)
    return told


def made_of(account, packages: str, name: str = "libs") -> LayerBuild:
    build = request_layer_build(account=account, name=name, packages=packages, runtime=RUNTIME)
    building.build(build.pk)
    build.refresh_from_db()
    return build


def test_packages_and_what_they_need_become_a_layer_version(ada, index, sent):
    index.wheel("greeting", needs="manners")
    index.wheel("manners")
    build = made_of(ada, "greeting")
    assert build.state == "succeeded", build.log
    layer = selectors.get_layer_version(account=ada, name="libs", number=1)
    assert build.layer_version == layer and layer.compatible_runtimes == [RUNTIME]
    paths = {entry.path for entry in Archive(archives.package_bytes(layer.package_id)).files}
    assert {"python/greeting.py", "python/manners.py"} <= paths
    assert "Successfully installed" in build.log


def test_a_version_that_was_asked_for_is_the_one_installed(ada, index, sent):
    for version in ("1.0", "2.0"):
        index.wheel("greeting", version)
    build = made_of(ada, "greeting==1.0")
    text = Archive(archives.package_bytes(build.layer_version.package_id))
    found = next(entry for entry in text.files if entry.path == "python/greeting.py")
    assert text.read(found) == b"VERSION = '1.0'\n"


def test_a_package_that_is_source_code_only_is_not_found_and_its_program_never_runs(ada, index, sent, tmp_path):
    marker = tmp_path / "owned"
    index.source("evil", marker)
    assert made_of(ada, "evil").failure == "not-found"
    assert not marker.exists()


@pytest.mark.parametrize("driver", ["bubblewrap", "native"])
def test_source_code_behind_a_dependency_is_not_built_either(driver, ada, index, sent, tmp_path, settings):
    settings.SANDBOX_DRIVER = driver
    marker = tmp_path / "owned"
    place = index.source("evil", marker)
    index.wheel("greeting", needs=f"evil @ file://{place}")
    build = made_of(ada, "greeting")
    assert build.failure == "needs-building", build.log
    assert not marker.exists()
    assert selectors.list_layers(account=ada).count() == 0


def test_versions_that_do_not_go_together_are_told_apart(ada, index, sent):
    index.wheel("left", needs="shared==1.0")
    index.wheel("right", needs="shared==2.0")
    for version in ("1.0", "2.0"):
        index.wheel("shared", version)
    assert made_of(ada, "left right").failure == "conflict"


def test_an_index_that_nobody_answers_for_is_told_as_such(ada, index, sent, monkeypatch):
    monkeypatch.setattr(installer, "configured", lambda: {"index-url": "http://127.0.0.1:9/simple", "timeout": "2"})
    assert made_of(ada, "greeting").failure == "offline"


def test_an_installation_that_takes_too_long_is_ended(ada, index, sent, monkeypatch):
    index.wheel("greeting")
    monkeypatch.setattr(installer, "SECONDS", 0)
    monkeypatch.setattr(installer, "_LOOK_S", 0.001)
    assert made_of(ada, "greeting").failure == "too-long"


def test_what_grows_too_large_is_ended(ada, index, sent, monkeypatch):
    index.wheel("greeting")
    monkeypatch.setattr(installer, "_LOOK_S", 0.001)
    monkeypatch.setattr(installer, "DISK_BYTES", -1)
    assert made_of(ada, "greeting").failure == "too-large"


def test_a_layer_that_the_house_refuses_says_why(ada, index, sent, monkeypatch):
    index.wheel("greeting")
    monkeypatch.setattr("core.limits.ACCOUNT_CODE_SIZE", 1)
    build = made_of(ada, "greeting")
    assert (build.failure, build.detail) == ("refused", "Code storage limit exceeded.")
    assert build.state == "failed" and build.layer_version is None


def test_a_build_that_runs_twice_makes_one_layer(ada, index, sent):
    index.wheel("greeting")
    build = made_of(ada, "greeting")
    building.build(build.pk)
    assert selectors.list_layer_versions(account=ada, name="libs").count() == 1


def test_a_third_build_waits_and_is_sent_when_another_ends(ada, index, sent):
    index.wheel("greeting")
    for _ in range(building.AT_ONCE):
        LayerBuild.objects.create(account=ada, layer_name="x", runtime=RUNTIME, packages=["x"], state="running")
    LayerBuild.objects.update(seen_at=clock.now())
    with pytest.raises(TooManyLayerBuilds):
        for number in range(3):
            waiting = request_layer_build(account=ada, name=f"l{number}", packages="greeting", runtime=RUNTIME)
    building.build(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.state == "queued"
    LayerBuild.objects.filter(state="running").update(state="failed")
    building.build(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.state == "succeeded"


def test_what_a_lost_worker_left_behind_is_ended_and_what_was_never_taken_is_sent_again(ada, sent, frozen_clock):
    running = LayerBuild.objects.create(
        account=ada, layer_name="a", runtime=RUNTIME, packages=["x"], state="running", seen_at=clock.now()
    )
    queued = LayerBuild.objects.create(account=ada, layer_name="b", runtime=RUNTIME, packages=["x"])
    frozen_clock.advance(seconds=90)
    building.sweep()
    running.refresh_from_db()
    assert (running.state, running.failure) == ("failed", "interrupted")
    assert sent == [queued.pk]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("requests", ["requests"]),
        ("requests==2.32.3\n# a comment\nboto3 >= 1.40, < 2  # why\n", ["requests==2.32.3", "boto3>=1.40,<2"]),
        ("pillow, qrcode[pil]", ["pillow", "qrcode[pil]"]),
        ("numpy numpy", ["numpy"]),
    ],
)
def test_names_and_versions_are_understood(text, found):
    assert requirements.parse(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "-r /etc/passwd",
        "--index-url http://x",
        "git+https://x.test/y",
        "evil @ http://x",
        "./local",
        "/abs/olute.whl",
        "a;b",
        "$(id)",
        "",
        "# nothing",
        " ".join(f"p{n}" for n in range(21)),
        "x" * 5000,
    ],
)
def test_nothing_else_reaches_pip(text):
    with pytest.raises(InvalidParameterValue):
        requirements.parse(text)

"""Packages on disk: once per sha256, whole or not at all."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import limits
from functions import archives
from functions.errors import ArchiveRefused, RequestEntityTooLarge
from functions.models import DeploymentPackage
from tests.functions.test_zips import names as zip_names
from tests.functions.test_zips import zipped

FILES = {
    "lambda_function.py": b"def lambda_handler(event, context): ...\n",
    "lib/tool": b"#!/bin/sh\n",
    "lib/data": b"1",
}

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Duplicate name")]


def test_a_package_is_unpacked_with_folders_0755_and_files_0755_or_0644():
    package = archives.store_package(archives.pack(FILES))

    tree = archives.package_dir(package.sha256)
    assert {path.relative_to(tree).as_posix(): path.stat().st_mode & 0o7777 for path in [tree, *tree.rglob("*")]} == {
        ".": 0o755,
        "lambda_function.py": 0o644,
        "lib": 0o755,
        "lib/tool": 0o755,
        "lib/data": 0o644,
    }
    assert (tree / "lib/data").read_bytes() == b"1"


def test_the_zip_comes_back_byte_for_byte():
    data = archives.pack(FILES)

    assert archives.package_bytes(archives.store_package(data).sha256) == data


def test_storing_the_same_bytes_twice_gives_the_same_package(code_dir):
    first = archives.store_package(archives.pack(FILES))
    second = archives.store_package(archives.pack(FILES))

    assert first == second
    assert DeploymentPackage.objects.count() == 1
    assert list((code_dir / "tmp").iterdir()) == []


def test_a_tree_that_is_running_is_not_replaced_by_an_equal_package():
    data = archives.pack(FILES)
    tree = archives.package_dir(archives.store_package(data).sha256)
    before = tree.stat().st_ino
    archives.forget_checks()

    archives.store_package(data)

    assert tree.stat().st_ino == before


def test_who_saves_the_same_code_together_gets_one_tree_that_stays_where_it_is():
    package = archives.store_package(archives.pack(FILES))
    shutil.rmtree(archives.package_dir(package.sha256))
    archives.forget_checks()
    together = threading.Barrier(8)

    def look(_: int) -> int:
        together.wait()
        return archives.package_dir(package.sha256).stat().st_ino

    with ThreadPoolExecutor(8) as threads:
        seen = set(threads.map(look, range(8)))

    assert seen == {archives.package_dir(package.sha256).stat().st_ino}


@pytest.mark.parametrize("damage", ["tree gone", "file gone", "file short"])
def test_files_lost_to_a_power_cut_come_back(damage):
    package = archives.store_package(archives.pack(FILES))
    tree = archives.package_dir(package.sha256)
    archives.forget_checks()
    match damage:
        case "tree gone":
            shutil.rmtree(tree)
        case "file gone":
            (tree / "lib/data").unlink()
        case "file short":
            (tree / "lambda_function.py").write_bytes(b"")

    tree = archives.package_dir(package.sha256)

    assert (tree / "lambda_function.py").read_bytes() == FILES["lambda_function.py"]
    assert (tree / "lib/data").exists()


def test_nothing_of_a_refused_package_is_kept(code_dir):
    broken = bytearray(archives.pack({"a": b"a" * 1000, "b": b"b" * 1000}))
    broken[broken.find(b"PK\x03\x04", 10) + 35] ^= 0xFF  # in the second file's contents

    with pytest.raises(ArchiveRefused):
        archives.store_package(bytes(broken))

    assert not DeploymentPackage.objects.exists()
    assert [path.name for path in code_dir.rglob("*") if path.is_file()] == ["lock"]


def test_more_than_50_mb_is_refused_as_aws_refuses_the_request():
    with pytest.raises(RequestEntityTooLarge) as caught:
        archives.store_package(bytes(limits.PACKAGE_ZIPPED_SIZE + 1))

    assert caught.value.text == "Request must be smaller than 69905067 bytes for the CreateFunction operation"
    assert caught.value.status == 413


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_only_a_digest_names_a_package(digest):
    with pytest.raises(ValueError, match="sha256"):
        archives.package_bytes(digest)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.lists(st.tuples(zip_names, st.binary(max_size=20)), max_size=5),
    mode=st.sampled_from([0, 0o644, 0o4777, 0o100755, 0o40755, 0o120777, 0o20666]),
)
def test_any_zip_is_refused_or_unpacked_inside_its_own_folder(code_dir, entries, mode):
    try:
        data = zipped(*entries, mode=mode)
    except UnicodeEncodeError:
        return
    outside = sorted(path.name for path in code_dir.parent.iterdir() if path != code_dir)
    try:
        package = archives.store_package(data)
    except ArchiveRefused:
        return
    finally:
        assert sorted(path.name for path in code_dir.parent.iterdir() if path != code_dir) == outside

    tree = archives.package_dir(package.sha256)
    for path in tree.rglob("*"):
        assert path.resolve().is_relative_to(tree.resolve()) and not path.is_symlink()
        assert path.stat().st_mode & 0o7777 in ((0o755,) if path.is_dir() else (0o644, 0o755))


def test_the_editor_reads_and_replaces_files():
    package = archives.store_package(archives.pack(FILES))

    edited = archives.store_package(
        archives.replace_files(package.sha256, {"lambda_function.py": b"new", "lib/data": None, "more.py": b"x"})
    )

    assert archives.read_files(edited.sha256) == {
        "lambda_function.py": b"new",
        "lib/tool": b"#!/bin/sh\n",
        "more.py": b"x",
    }
    assert archives.package_dir(edited.sha256).joinpath("lib/tool").stat().st_mode & 0o111


def test_the_editor_cannot_write_elsewhere():
    package = archives.store_package(archives.pack(FILES))

    with pytest.raises(ArchiveRefused):
        archives.replace_files(package.sha256, {"../evil.py": b"x"})

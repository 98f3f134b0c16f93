"""Any zip is either refused with a reason, or unpacks to clean files inside its own directory."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import limits
from functions import zips
from functions.errors import ArchiveRefused, PackageTooLarge


def zipped(*entries: tuple[str, bytes], mode: int = 0o644, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, contents in entries:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            info.create_system = 3
            info.external_attr = mode << 16
            info.compress_type = method
            archive.writestr(info, contents)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../evil.py", "leads out of the archive"),
        ("a/../../evil.py", "leads out of the archive"),
        ("/etc/passwd", "absolute path"),
        ("C:evil.py", "absolute path"),
        ("C:/evil.py", "absolute path"),
        ("a\\b.py", "backslash"),
        ("a\nb.py", "control character"),
        ("a\u202eyp.exe", "control character"),
        ("a\u2028b", "control character"),
        ("x" * 256, "too long"),
        ("/".join(["dir"] * 400), "too long"),
    ],
)
def test_names_that_lead_elsewhere_or_deceive_are_refused(name, why):
    with pytest.raises(ArchiveRefused) as caught:
        zips.Archive(zipped((name, b"x")))

    assert caught.value.text.startswith("Could not unzip uploaded file.")
    assert why in caught.value.text
    assert caught.value.text.isascii()


def test_a_nul_in_a_name_is_refused():
    data = zipped(("abXcd", b"x")).replace(b"abXcd", b"ab\0cd")

    with pytest.raises(ArchiveRefused, match="control character"):
        zips.Archive(data)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_devices_and_pipes_are_refused(kind):
    with pytest.raises(ArchiveRefused):
        zips.Archive(zipped(("odd", b"/etc/passwd"), mode=kind | 0o777))


@pytest.mark.parametrize(("mode", "runs"), [(0o4755, True), (0o2711, True), (0o666, False), (0, False), (0o001, True)])
def test_of_a_mode_only_executable_or_not_is_kept(mode, runs):
    (entry,) = zips.Archive(zipped(("tool", b"x"), mode=mode)).entries

    assert entry.executable is runs


@pytest.mark.parametrize(
    "names",
    [("a", "a"), ("a", "./a"), ("d/a", "d//a"), ("a", "a/b"), ("a/b", "a")],
)
def test_two_entries_for_one_path_are_refused(names):
    with pytest.raises(ArchiveRefused):
        zips.Archive(zipped(*((name, b"x") for name in names)))


def test_too_many_entries_are_refused_before_they_are_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(limits.PACKAGE_ENTRIES + 1):
            archive.writestr(str(number), b"")

    with pytest.raises(ArchiveRefused, match="10000 entries"):
        zips.Archive(buffer.getvalue())


def test_a_bomb_is_refused_by_its_size():
    with pytest.raises(PackageTooLarge) as caught:
        zips.Archive(zipped(("zeros", bytes(limits.PACKAGE_UNZIPPED_SIZE + 1))))

    assert caught.value.text == "Unzipped size must be smaller than 262144000 bytes"


def test_a_bomb_that_claims_to_be_small_is_refused_while_it_is_read():
    data = zipped(("zeros", bytes(1_000_000)))
    lying = data.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10))
    archive = zips.Archive(lying)

    with pytest.raises(ArchiveRefused):
        archive.read(archive.entries[0])


def test_an_entry_that_claims_to_be_large_is_refused():
    data = zipped(("small", b"abc"), method=zipfile.ZIP_STORED)
    archive = zips.Archive(
        zipped(("small", b"abc")).replace(struct.pack("<I", 3) + b"\x05\x00", struct.pack("<I", 9) + b"\x05\x00")
    )

    with pytest.raises(ArchiveRefused):
        archive.read(archive.entries[0])
    assert zips.Archive(data).read(zips.Archive(data).entries[0]) == b"abc"


def test_overlapping_entries_are_refused():
    data = bytearray(zipped(("aaaa", b"x" * 100), ("bbbb", b"x" * 100), method=zipfile.ZIP_STORED))
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)  # where the first entry is

    with pytest.raises(ArchiveRefused):
        archive = zips.Archive(bytes(data))
        for entry in archive.files:
            archive.read(entry)


def test_encrypted_entries_are_refused():
    data = bytearray(zipped(("secret", b"x")))
    central = data.rfind(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1

    with pytest.raises(ArchiveRefused, match="encrypted"):
        zips.Archive(bytes(data))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_deflate_is_taken(method):
    with pytest.raises(ArchiveRefused, match="deflate"):
        zips.Archive(zipped(("x", b"x"), method=method))


@pytest.mark.parametrize(
    "data", [b"", b"not a zip", b"PK\x05\x06", b"PK\x03\x04" + bytes(200), zipped(("a", b"b"))[:-3]]
)
def test_what_is_no_zip_is_refused_in_awss_words(data):
    with pytest.raises(ArchiveRefused) as caught:
        zips.Archive(data)

    assert caught.value.text == "Could not unzip uploaded file. Please check your file, then try to upload again."


def test_an_empty_zip_and_a_zip_in_a_zip_are_fine():
    inner = zipped(("../../evil", b"x"))

    assert zips.Archive(zipped()).entries == []
    assert zips.Archive(zipped(("inner.zip", inner))).files[0].path == "inner.zip"


def test_packing_the_same_files_gives_the_same_bytes():
    assert zips.pack({"b": b"2", "a": b"1"}) == zips.pack({"a": b"1", "b": b"2"})


pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")

names = st.text(st.sampled_from("ab./\\:é\x00\n\u202eC~ ") | st.characters(), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    entries=st.lists(st.tuples(names, st.binary(max_size=40)), max_size=6),
    mode=st.integers(0, 0xFFFF),
    cut=st.integers(0, 4),
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3),
)
def test_any_zip_is_refused_or_holds_only_clean_paths(entries, mode, cut, flips):
    try:
        data = bytearray(zipped(*entries, mode=mode))
    except UnicodeEncodeError:  # a lone surrogate cannot even be written
        return
    for place, value in flips:
        if data:
            data[place % len(data)] = value
    data = data[: len(data) - cut]

    try:
        archive = zips.Archive(bytes(data))
        contents = {entry.path: archive.read(entry) for entry in archive.files}
    except (ArchiveRefused, PackageTooLarge):
        return

    for path in contents:
        parts = path.split("/")
        assert path and not path.startswith("/") and "\\" not in path and "\0" not in path
        assert not {"", ".", ".."} & set(parts)
    paths = [entry.path for entry in archive.entries if not entry.is_dir]
    assert len(paths) == len(set(paths))


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_or_a_zip(data):
    for wrapped in (data, data + zipped()[-22:], b"PK\x03\x04" + data):
        try:
            zips.Archive(wrapped)
        except (ArchiveRefused, PackageTooLarge):
            continue

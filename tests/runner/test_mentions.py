"""Whether a package may import the SDK, told from its code."""

from pathlib import Path

import pytest

from runner import mentions
from runner.mentions import names_sdk


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"lambda_function.py": "def lambda_handler(event, context): return 1"}, False),
        ({"lambda_function.py": "import boto3"}, True),
        ({"a.py": "", "deep/er/b.py": "from botocore.exceptions import ClientError"}, True),
        ({"lambda_function.py": "", "notes.txt": "boto3", "data.json": "boto3"}, False),
        ({"lambda_function.py": "", "fast.cpython-313-x86_64-linux-gnu.so": ""}, True),
        ({"lambda_function.py": "", "later.pyc": ""}, True),
        ({}, False),
    ],
)
def test_what_names_it_and_what_cannot_be_read_may(tmp_path: Path, files: dict[str, str], named: bool):
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert names_sdk(tmp_path) is named


def test_what_is_too_large_to_look_through_may(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(mentions, "_MOST_FILES", 3)
    for number in range(4):
        (tmp_path / f"{number}.py").write_text("")
    assert names_sdk(tmp_path)


def test_a_package_that_is_not_there_names_nothing(tmp_path: Path):
    assert not names_sdk(tmp_path / "gone")

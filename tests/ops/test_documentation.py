"""The documents say what the code does, or fail here."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READ = re.compile(r"\b(?:env|env_flag|env_number)\(\s*\"([A-Z_]+)\"")


def test_every_setting_is_described():
    read = {f"PUPITRE_{name}" for name in READ.findall((ROOT / "console" / "settings.py").read_text())}
    text = (ROOT / "docs" / "settings.md").read_text()
    text = re.sub(
        r"`(PUPITRE_[A-Z]+)_NAME`((?:, `_[A-Z]+`)+)",
        lambda found: " ".join(
            [f"`{found[1]}_NAME`"] + [f"`{found[1]}{end}`" for end in re.findall(r"_[A-Z]+", found[2])]
        ),
        text,
    )
    described = set(re.findall(r"`(PUPITRE_[A-Z_]+)`", text))
    assert described == read


def test_every_direct_dependency_has_its_reason():
    direct: set[str] = set()
    for name in ("base", "dev", "functions", "functions39", "redis"):
        lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
        direct |= {re.split(r"[=\[<>~; #]", line)[0].strip() for line in lines if line[:1].isalnum()}
    reasons = set(
        re.findall(r"^\| `([^`]+)`", (ROOT / "docs/decisions/0002-dependencies.md").read_text(), re.MULTILINE)
    )
    assert reasons == direct


def test_every_package_of_the_product_goes_into_its_image():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    admitted = set((ROOT / ".dockerignore").read_text().splitlines())
    assert {f"!{package}" for package in packages} <= admitted


def test_the_makefile_lists_every_verb():
    text = (ROOT / "Makefile").read_text()
    verbs = set(re.findall(r"^([a-z]+):.*## ", text, re.MULTILINE))
    assert verbs == set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split())  # type: ignore[index]


def test_every_file_the_documents_name_is_there():
    missing = []
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            if not (document.parent / target).exists():
                missing.append(f"{document.relative_to(ROOT)}: {target}")
    assert missing == []


def test_every_test_that_the_reliability_page_names_is_there():
    text = (ROOT / "docs" / "reliability.md").read_text()
    named = set(re.findall(r"`((?:tests/)?[\w/]+\.py)`", text))
    places = (ROOT, ROOT / "tests" / "faults")
    assert [name for name in sorted(named) if not any((place / name).exists() for place in places)] == []

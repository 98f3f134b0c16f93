"""The table of attacks in docs/security.md: numbered without a gap, and every test that it names is there."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r"^\| ([A-Z])(\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
CITED = re.compile(r"`([\w/]+\.py)::(\w+)`")
SECTIONS = "RWNPUA"


def rows() -> list[tuple[str, int, str]]:
    text = (ROOT / "docs" / "security.md").read_text()
    return [(letter, int(number), tests) for letter, number, _attack, _outcome, tests in ROW.findall(text)]


@cache
def defined_in(file: str) -> set[str]:
    path = ROOT / "tests" / file
    nodes = ast.walk(ast.parse(path.read_text())) if path.exists() else ()
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_attack_has_its_number():
    numbers = defaultdict(list)
    for letter, number, _tests in rows():
        numbers[letter].append(number)
    assert "".join(numbers) == SECTIONS
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_every_attack_names_tests_that_exist():
    missing = []
    for letter, number, tests in rows():
        cited = CITED.findall(tests)
        missing += [f"{letter}{number}"] * (not cited)
        missing += [f"{letter}{number}: {file}::{name}" for file, name in cited if name not in defined_in(file)]
    assert missing == []


def test_no_attack_on_the_sandbox_goes_unlisted():
    """A new test of the attack modules has its row."""
    cited = {name for _letter, _number, tests in rows() for _file, name in CITED.findall(tests)}
    written = set()
    for path in (ROOT / "tests" / "runner").glob("test_attack_*.py"):
        written |= {name for name in defined_in(f"runner/{path.name}") if name.startswith("test_")}
    assert written - cited == set()

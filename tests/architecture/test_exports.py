"""Nothing is handed out as a spreadsheet, where a name that begins with ``=`` would be a formula."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SPREADSHEETS = {"csv", "openpyxl", "xlsxwriter", "xlwt", "pandas", "odf"}
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


def test_no_package_writes_spreadsheets() -> None:
    """Whoever builds an export makes one place for it, which quotes, and names it here."""
    guilty = []
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            for node in ast.walk(ast.parse(text)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                guilty += [f"{path}: {name}" for name in names if name.split(".")[0] in SPREADSHEETS]
            guilty += [f"{path}: text/csv" for word in ("text/csv", "spreadsheetml") if word in text]
    assert guilty == []

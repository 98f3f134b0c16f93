"""Everything about the code that is not a test: all checks at once, all of them told, one exit code."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

COMMANDS: dict[str, tuple[str | Path, ...]] = {
    "lint": (BIN / "ruff", "check", "."),
    "format": (BIN / "ruff", "format", "--check", "."),
    "types": (BIN / "mypy", "."),
    "imports": (BIN / "lint-imports",),
    "migrations": (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"),
}

# Words that belong to one machine or one workplace, and never into the product. In pieces, so that this is none.
FORBIDDEN = {
    "a folder of one machine": r"/(?:work|root|farm)/(?!\.\.)",
    "a person's interpreter folder": r"/\.pyenv/versions/[0-9]",
    "a registry's host name": r"(?:files\.python"
    + r"hosted|pypi\.(?:org|io)|registry\.npm"
    + r"js|deb\.debi"
    + r"an)\b",
    "unfinished work": r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b",
}
NOT_OURS = re.compile(
    r"(^|/)(static/vendor|node_modules|tests/labs/slides)/|\.lock$|package-lock\.json$|\.(png|svg|woff2|ico|gz|zip)$"
)


def main() -> None:
    wanted = commands()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        passed = threads.map(passes, wanted, wanted.values())
    failed = [name for name, did in zip(wanted, passed, strict=True) if not did]
    if found := forbidden_words():
        failed.append("words")
        print("words:", *found, sep="\n  ")
    if failed:
        raise SystemExit(f"make check: {', '.join(failed)} failed")
    print("make check: everything passes")


def commands() -> dict[str, tuple[str | Path, ...]]:
    """The checks this checkout and this machine can run; the assets are rebuilt where node is."""
    found = dict(COMMANDS)
    assets = ROOT / "scripts" / "build_assets.py"
    if assets.exists():
        if shutil.which("npm"):
            found["assets"] = (sys.executable, assets, "--check")
        else:
            print("assets: skipped, there is no npm")
    return found


def passes(name: str, command: tuple[str | Path, ...]) -> bool:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = f"\n{done.stdout}{done.stderr}" if done.returncode else ""
    print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}{said}", flush=True)
    return done.returncode == 0


def forbidden_words() -> list[str]:
    """``file:line: what`` for each forbidden word in a file of the project."""
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        if NOT_OURS.search(name) or not (ROOT / name).is_file():
            continue
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), 1):
            found += [f"{name}:{number}: {what}" for what, word in FORBIDDEN.items() if re.search(word, line)]
    return found


if __name__ == "__main__":
    main()

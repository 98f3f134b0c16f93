"""The console speaks five languages, completely."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent.parent
LOCALES = {"fr": "fr", "pt-br": "pt_BR", "sv": "sv", "ja": "ja"}
IN_TEMPLATE = re.compile(r"""\b(?:n?gettext|_)\(\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
SAME = {"Hello world", "Description", "Alias", "Version", "Versions", "Sections", "Actions", "Pages", "Configuration"}
SAME |= {"Invocations", "Invocations, 1 h", "Code", "Init", "Architecture", "Invocation", "Region", "Logs", "Endpoint"}
SAME |= {"Messages", "Standard", "Trace", "Type", "1 minute", "10 minutes"}
SAME |= {"Expression", "Maximum", "Message", "Start", "Handler"} | {
    "Active",
    "Aliases",
    "%(count)s bytes",
    "Test",
    "General",
    "Error",
    "Name",
    "Runtime",
    "Handler",
}


PACKAGES = ("accounts", "aws", "console", "core", "functions", "logs", "queues", "runner", "topics", "triggers")
IN_A_TERMINAL = ("console/doctor/", "console/holding.py", "console/management/", "runner/sandboxes/")  # in English
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}


@cache
def shown() -> frozenset[str]:
    """Every text of templates and modules that a person may see in the browser."""
    found = {text for template in (ROOT / "templates").rglob("*.html") for text in of_template(template)}
    for package in PACKAGES:
        for module in (ROOT / package).rglob("*.py"):
            if not str(module.relative_to(ROOT)).startswith(IN_A_TERMINAL):
                found |= of_module(module)
    return frozenset(found)


def of_template(template: Path) -> set[str]:
    """What it says; of several forms the first."""
    return {ast.literal_eval(text) for text in IN_TEMPLATE.findall(templatize(template.read_text()))}


def of_module(module: Path) -> set[str]:
    """The literals that it has translated."""
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call) and node.args]
    texts = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in CALLS]
    return {text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str)}


def is_translated(text: str) -> bool:
    return translation.gettext(text) != text or translation.ngettext(text, text, 1) != text


@pytest.mark.parametrize("language", LOCALES)
def test_everything_a_person_sees_is_translated(language):
    with translation.override(language):
        untranslated = {text for text in shown() - SAME if not is_translated(text)}
    assert untranslated == set()


@pytest.mark.parametrize("folder", LOCALES.values())
def test_no_translation_is_a_guess_and_the_compiled_file_is_current(folder, tmp_path):
    source = ROOT / "console" / "locale" / folder / "LC_MESSAGES" / "django.po"
    assert "fuzzy" not in source.read_text()
    try:
        subprocess.run(["msgfmt", "--check-format", "-o", str(tmp_path / "built.mo"), str(source)], check=True)
    except FileNotFoundError:
        pytest.skip("There is no msgfmt on this machine: apt-get install gettext")
    assert (tmp_path / "built.mo").read_bytes() == source.with_suffix(".mo").read_bytes()


@pytest.mark.parametrize("folder", LOCALES.values())
def test_a_translation_keeps_the_names_that_are_filled_in(folder):
    text = (ROOT / "console" / "locale" / folder / "LC_MESSAGES" / "django.po").read_text()
    names = re.compile(r"%\(\w+\)s|\{\w+\}")
    for source, target in re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', text, re.MULTILINE):
        assert sorted(names.findall(source)) == sorted(names.findall(target)), source

"""The console speaks five languages, completely."""

import re
import subprocess
from pathlib import Path

import pytest
from django.utils import translation

ROOT = Path(__file__).resolve().parent.parent.parent
LOCALES = {"fr": "fr", "pt-br": "pt_BR", "sv": "sv", "ja": "ja"}
TAG = re.compile(r"""{%\s*translate\s+(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
CALL = re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)*)"\s*\)')
SAME = {"Hello world", "Description", "Alias", "Version", "Versions", "Sections", "Actions", "Pages", "Configuration"}
SAME |= {"Invocations", "Invocations, 1 h", "Code", "Init", "Architecture", "Invocation", "Region", "Logs", "Endpoint"}
SAME |= {"Messages", "Standard", "Trace", "Type"}
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


def shown() -> set[str]:
    """Every text of the templates and of the console's pages and forms that is a plain literal."""
    found: set[str] = set()
    for template in (ROOT / "templates").rglob("*.html"):
        found |= {double or single for double, single in TAG.findall(template.read_text())}
    places = ("pages", "forms", "templatetags")
    modules = [*(file for place in places for file in (ROOT / "console" / place).glob("*.py"))]
    modules += [
        ROOT / "console" / f"{name}.py"
        for name in ("explain", "event_json", "linting", "slides", "blueprints/__init__", "nav", "context")
    ]
    for module in modules:
        found |= {text.encode().decode("unicode_escape") for text in CALL.findall(module.read_text()) if text.isascii()}
    return found


@pytest.mark.parametrize("language", LOCALES)
def test_everything_a_person_sees_is_translated(language):
    with translation.override(language):
        untranslated = {text for text in shown() if translation.gettext(text) == text and text not in SAME}
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

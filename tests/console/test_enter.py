"""Enter in a field presses the first button of its form, and that had better be what the form is for."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
TYPED = re.compile(r'<input(?![^>]*type="(?:hidden|checkbox|radio|file)")')
BUTTON = re.compile(r"<button\b[^>]*>")


def forms():
    """Every form with something to type into and more than one button that sends it: its template, and the buttons."""
    for template in sorted(TEMPLATES.rglob("*.html")):
        for form in re.findall(r"<form\b.*?</form>", template.read_text(), re.DOTALL):
            buttons = [button for button in BUTTON.findall(form) if 'type="button"' not in button]
            if len(buttons) > 1 and TYPED.search(form):
                yield pytest.param(buttons[0], id=str(template.relative_to(TEMPLATES)))


@pytest.mark.parametrize("first", list(forms()))
def test_enter_does_what_the_form_is_for(first):
    assert "primary" in first or ("visually-hidden" in first and 'tabindex="-1"' in first)

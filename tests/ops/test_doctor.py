"""The doctor: one line for each thing, the command that mends it, and an exit code for scripts."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from console import doctor
from console.doctor import Finding, Level

FINE = Finding("disk", Level.OK, "much free")
WEAK = Finding("cgroups", Level.WEAK, "none", "sudo mount cgroups")
BAD = Finding("bubblewrap", Level.MISSING, "not there", "sudo apt-get install bubblewrap")


@pytest.fixture
def found(monkeypatch):
    """``found(…)``: the doctor finds just this; returns what it printed and how it exited."""

    def ask(*findings: Finding, as_json: bool = False) -> tuple[str, int]:
        monkeypatch.setattr(doctor, "CHECKS", (lambda: iter(findings),))
        printed, code = StringIO(), 0
        try:
            call_command("doctor", as_json=as_json, stdout=printed)
        except SystemExit as ending:
            code = int(ending.code or 0)
        return printed.getvalue(), code

    return ask


def test_a_machine_in_order_is_told_so(found):
    printed, code = found(FINE)
    assert printed == "ok      disk: much free\n\nEverything is as it should be.\n"
    assert code == 0


def test_a_weakness_names_its_remedy_and_is_no_failure(found):
    printed, code = found(FINE, WEAK)
    assert "weak    cgroups: none\n        → sudo mount cgroups\n" in printed
    assert code == 0


def test_what_functions_cannot_run_without_is_a_failure(found):
    printed, code = found(BAD, FINE)
    assert "MISSING bubblewrap: not there\n        → sudo apt-get install bubblewrap\n" in printed
    assert code == 1


def test_programs_get_json(found):
    printed, _ = found(WEAK, as_json=True)
    assert json.loads(printed) == [
        {"name": "cgroups", "level": "weak", "detail": "none", "remedy": "sudo mount cgroups"}
    ]


def test_a_check_that_breaks_is_a_finding_itself(monkeypatch):
    def broken():
        raise OSError("no such thing")

    monkeypatch.setattr(doctor, "CHECKS", (broken,))
    [finding] = doctor.examine()
    assert (finding.level, finding.detail) == (Level.MISSING, "could not be examined: OSError: no such thing")


@pytest.mark.django_db
def test_it_examines_this_very_machine():
    names = {finding.name for finding in doctor.examine()}
    assert {"Python", "cgroups", "memory", "disk", "database", "Redis", "console", "endpoint"} <= names

"""Say what this machine can do, what is weak, and the command that mends it."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from console.doctor import Finding, Level, examine

_MARKS = {Level.OK: "ok     ", Level.WEAK: "weak   ", Level.MISSING: "MISSING"}


class Command(BaseCommand):
    help = "Say what this machine can do, what is weak, and the command that mends it."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="for programs")

    def handle(self, *args: Any, as_json: bool = False, **options: Any) -> None:
        """Exit code 1 when something is missing that functions cannot run without."""
        findings = list(examine())
        if as_json:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1))
        else:
            for finding in findings:
                self.stdout.write(line(finding))
            self.stdout.write("\n" + verdict(findings))
        if any(finding.level is Level.MISSING for finding in findings):
            raise SystemExit(1)


def line(finding: Finding) -> str:
    """``weak    cgroups: none …`` and under it what to do."""
    text = f"{_MARKS[finding.level]} {finding.name}: {finding.detail}"
    return f"{text}\n        → {finding.remedy}" if finding.remedy else text


def verdict(findings: list[Finding]) -> str:
    """One sentence for somebody who reads no further."""
    worst = {finding.level for finding in findings}
    if Level.MISSING in worst:
        return _("Functions cannot run here until what is missing is there.")
    if Level.WEAK in worst:
        return _("Functions can run here; some walls or comforts are weaker than they could be.")
    return _("Everything is as it should be.")

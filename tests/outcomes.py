"""A pytest plugin for runs in two parts: which tests depend on the database, and one summary that counts both parts.

``--needs-database``       only the tests that use a database, and those marked ``databases``
``--write-outcomes FILE``  keep the reports of this run for another one
``--add-outcomes FILE``    count that run's reports in this run's summary; what failed there fails this run
"""

import json
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

COUNTED = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun")
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("databases")
    group.addoption("--needs-database", action="store_true", help="only tests whose outcome may depend on the database")
    group.addoption("--write-outcomes", type=Path, metavar="FILE", help="keep the reports for another run's summary")
    group.addoption("--add-outcomes", type=Path, metavar="FILE", help="count the reports of a run that kept them")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.needs_database:
        items[:] = [item for item in items if needs_database(item)]


def needs_database(item: pytest.Item) -> bool:
    """Whether the test may come out differently on another database."""
    if item.get_closest_marker("once"):
        return False
    used = DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
    return bool(used or item.get_closest_marker("django_db") or item.get_closest_marker("databases"))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or not isinstance(reporter, TerminalReporter):
        return
    if config.option.write_outcomes:
        config.option.write_outcomes.write_text(json.dumps(_kept(config, reporter), default=str))
    if config.option.add_outcomes and _add(config, reporter) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Why a test needed a second try is worth knowing also when that went well."""
    if reports := terminalreporter.stats.get("rerun"):
        terminalreporter.section("tried again")
        for report in reports:
            terminalreporter.line(report.nodeid)
            for line in _all_it_said(report).splitlines():
                terminalreporter.line(f"    {line}")


def _all_it_said(report: pytest.TestReport) -> str:
    """The error in whole, with the lines it came from and whatever was printed: it may not come again."""
    printed = [f"--- {title}\n{text.rstrip()}" for title, text in report.sections if text.strip()]
    return "\n".join([str(report.longrepr or "").strip() or "no reason given", *printed])


def _kept(config: pytest.Config, reporter: TerminalReporter) -> dict[str, list[dict[str, object]]]:
    kept = {}
    for kind in COUNTED:
        reports = reporter.stats.get(kind, [])
        kept[kind] = [config.hook.pytest_report_to_serializable(config=config, report=report) for report in reports]
        for data in kept[kind]:
            data.pop("node", None)  # xdist's process that ran it
    return kept


def _add(config: pytest.Config, reporter: TerminalReporter) -> bool:
    """Add what was kept; whether something failed there."""
    kept = json.loads(config.option.add_outcomes.read_text())
    for kind, reports in kept.items():
        found = [config.hook.pytest_report_from_serializable(config=config, data=data) for data in reports]
        for report in found:
            report.nodeid += " on PostgreSQL"
            if isinstance(report.longrepr, list):  # where, which line, and why it was skipped
                report.longrepr = tuple(report.longrepr)
        if found:
            reporter.stats.setdefault(kind, []).extend(found)
    return bool(kept["failed"] or kept["error"])

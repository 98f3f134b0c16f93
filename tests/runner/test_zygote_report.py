"""The doctor says whether Python's sandboxes can be forks on this host, and what to do when not."""

from pathlib import Path

import pytest

from runner.sandboxes import zygote_report


@pytest.fixture
def kernel(tmp_path: Path):
    """Settings of a kernel, by name."""

    def set_to(**values: str) -> Path:
        for name, value in values.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value + "\n")
        return tmp_path

    return set_to


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        (
            "kernel__apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("kernel__unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user__max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=10000"),
    ],
)
def test_a_setting_that_refuses_is_named_with_the_command_that_changes_it(kernel, name, value, command):
    assert command in zygote_report.remedy(kernel(**{name: value}), "6.8.0-41-generic")


def test_an_old_kernel_is_named(kernel):
    assert "5.12" in zygote_report.remedy(kernel(user__max_user_namespaces="127000"), "5.10.0-28-amd64")


def test_without_a_known_reason_it_says_where_to_look(kernel):
    assert "security module" in zygote_report.remedy(kernel(user__max_user_namespaces="127000"), "6.8.0")


def test_a_refusal_is_a_weakness_and_names_the_call(monkeypatch):
    monkeypatch.setattr(zygote_report, "_refused", lambda: "unshare: Operation not permitted")
    said = zygote_report.capability()
    assert not said.ok and not said.required
    assert "unshare: Operation not permitted" in said.detail and said.remedy


def test_who_does_without_them_is_told_so_and_not_warned(settings):
    settings.SANDBOX_ZYGOTES = False
    said = zygote_report.capability()
    assert said.ok and "PUPITRE_SANDBOX_ZYGOTES" in said.detail

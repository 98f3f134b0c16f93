"""Sandbox drivers: whatever holds untrusted code. ``base`` is the contract, ``driver()`` the configured one."""

import functools

from django.conf import settings

from runner.sandboxes.base import SandboxDriver, make_driver


@functools.cache
def driver() -> SandboxDriver:
    """The one driver of this process, as ``settings.SANDBOX_DRIVER`` names it. ``prepare()`` it before use."""
    return make_driver(settings.SANDBOX_DRIVER)

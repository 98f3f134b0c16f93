"""A sandbox driver's own troubles, as service errors."""

from django.utils.translation import gettext_lazy as _

from core.errors import ServiceError


class SandboxFailure(ServiceError):
    """The platform could not start, bind or end a sandbox: our fault, never the function's."""

    title = _("The execution environment could not be started")
    hint = _("Try again; if it happens again, run the doctor command on the server.")


class SandboxUnavailable(SandboxFailure):
    """This host cannot hold strangers' code with the configured driver; ``text`` says what is missing."""

    title = _("This server cannot run functions yet")
    hint = _("Ask whoever runs this server to run the doctor command: it names what to install.")

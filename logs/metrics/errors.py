"""What can go wrong with metrics, in CloudWatch's words."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidParameterValue, ServiceError, ValidationError


class InvalidMetricValue(InvalidParameterValue):
    """A parameter that cannot be used as it is."""

    legacy_code = "InvalidParameterValue"


class InvalidMetricCombination(ServiceError):
    """Parameters that do not go together."""

    code = "InvalidParameterCombinationException"
    legacy_code = "InvalidParameterCombination"
    status = 400
    title: ClassVar[Any] = _("Those values do not go together")


class MissingMetricParameter(ServiceError):
    """A parameter that must be there."""

    code = "MissingRequiredParameterException"
    legacy_code = "MissingParameter"
    status = 400
    title: ClassVar[Any] = _("Something is missing")


class MetricQueryError(ValidationError):
    """A query, or an expression in it, that cannot be answered."""

    legacy_code = "ValidationError"
    title: ClassVar[Any] = _("That query cannot be answered")


class InvalidMetricToken(ServiceError):
    """A token of a next page that was not given out here."""

    code = "InvalidNextToken"
    status = 400
    title: ClassVar[Any] = _("That page cannot be found")
    message = "The nextToken is invalid."


class TooManyMetrics(ServiceError):
    """More different metrics than the server keeps for an account."""

    code = "LimitExceededFault"
    legacy_code = "LimitExceeded"
    status = 400
    title: ClassVar[Any] = _("Too many metrics")
    message = "The account has reached the limit of {limit} metrics on this server."
    hint: ClassVar[Any] = _("Use fewer different dimension values. A metric that gets no values is forgotten in time.")

"""AWS's policy language, evaluated. Pure: documents, a request and its context go in, a ``Decision`` comes out.

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from accounts.policies.context import Context, context_of
from accounts.policies.evaluation import (
    Decision,
    Grants,
    Layer,
    Request,
    evaluate,
)
from accounts.policies.statements import Policies, Statement, Subject, parse
from accounts.policies.writing import letting_in, listed, sid_for

__all__ = [
    "Context",
    "Decision",
    "Grants",
    "Layer",
    "Policies",
    "Request",
    "Statement",
    "Subject",
    "context_of",
    "evaluate",
    "letting_in",
    "listed",
    "parse",
    "sid_for",
]

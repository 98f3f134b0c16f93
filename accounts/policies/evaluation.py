"""From policies and a request to a decision: an explicit deny before everything, else an allow, else no.

Source: IAM user guide, "Policy evaluation logic": within one account identity and resource policies add up, and
boundary and session policies only take away; between accounts both sides must allow.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from accounts.policies.context import Context
from accounts.policies.statements import Naming, Policies, Statement, Subject

NOTHING = Policies()


class Layer(StrEnum):
    """The kinds of policies, in AWS's words for denials."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    RESOURCE = "resource-based policy"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to do: ``action`` as ``lambda:InvokeFunction``, ``resource`` as ARN or ``*``."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grants:
    """What the identity itself brings along. ``boundary`` and ``session`` are None where there is none."""

    identity: Policies = NOTHING
    boundary: Policies | None = None
    session: Policies | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """``layer`` and ``statement`` say what decided; without a statement, nothing there allows it."""

    allowed: bool
    layer: Layer
    statement: Statement | None = None

    @property
    def explicit(self) -> bool:
        """Whether a statement forbids it."""
        return not self.allowed and self.statement is not None

    @property
    def by(self) -> str:
        """What decided, for the log and for simulations: ``LabServices, statement 2 (AllowInvoke)``."""
        if self.statement is None:
            return f"no {self.layer}"
        sid = f" ({self.statement.sid})" if self.statement.sid else ""
        return f"{self.statement.policy or self.layer}, statement {self.statement.number}{sid}"

    def why(self, action: str) -> str:
        """The end of AWS's message about a denial."""
        if self.explicit:
            article = "an" if self.layer is Layer.IDENTITY else "a"
            return f"with an explicit deny in {article} {self.layer}"
        return f"because no {self.layer} allows the {action} action"


def evaluate(
    request: Request,
    *,
    subject: Subject,
    grants: Grants,
    resource: Policies | None = None,
    owner: str = "",
    needs_resource: bool = False,
) -> Decision:
    """Whether ``subject`` may do it.

    ``resource`` is the policy of what is acted on, ``owner`` its account (the subject's own when empty). With
    ``needs_resource`` that policy must name the subject in any case, as the trust policy of a role must.
    """
    action = request.action.lower()
    layers = [(Layer.IDENTITY, grants.identity), (Layer.BOUNDARY, grants.boundary), (Layer.SESSION, grants.session)]
    for layer, policies in layers:
        if policies and (denial := _first(_applying(policies, action, request), allows=False)):
            return Decision(False, layer, denial)
    naming, by = Naming.NOT, None
    for statement in _applying(resource or NOTHING, action, request):
        named = statement.naming(subject)
        if named and not statement.allows:
            return Decision(False, Layer.RESOURCE, statement)
        if named > naming:
            naming, by = named, statement
    foreign = bool(subject.service) or (owner or subject.account_id) != subject.account_id
    if naming is Naming.NOT and (foreign or needs_resource):
        return Decision(False, Layer.RESOURCE)
    if subject.service or (naming is Naming.SELF and not foreign):
        return Decision(True, Layer.RESOURCE, by)
    granted = by if naming is Naming.ROLE and not foreign else None
    return _within(layers, action, request, granted=granted)


def _within(
    layers: list[tuple[Layer, Policies | None]], action: str, request: Request, *, granted: Statement | None
) -> Decision:
    """The decision of the identity's own policies; ``granted`` stands in for the first of them."""
    decision = Decision(True, Layer.RESOURCE, granted)
    for layer, policies in layers:
        if policies is None or (layer is Layer.IDENTITY and granted):
            continue
        found = _first(_applying(policies, action, request), allows=True)
        if found is None:
            return Decision(False, layer)
        if layer is Layer.IDENTITY:
            decision = Decision(True, layer, found)
    return decision


def _applying(policies: Policies, action: str, request: Request) -> Iterator[Statement]:
    return (one for one in policies.about(action) if one.applies(request.resource, request.context))


def _first(statements: Iterator[Statement], *, allows: bool) -> Statement | None:
    return next((statement for statement in statements if statement.allows is allows), None)

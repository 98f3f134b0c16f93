"""Links in SNS's messages, which work without a signature: to confirm a subscription, to end it, and the certificate.

The token in a link is the permission; it was sent to the subscribed endpoint alone. Source: SNS developer guide,
"Confirm the subscription" and "Verifying the signatures of Amazon SNS messages".
"""

from xml.sax.saxutils import escape

from accounts.models import Account
from aws.http import Request, Response
from core import arns
from topics import services, signing
from topics.errors import InvalidParameter, SubscriptionNotFound, TopicNotFound

PREFIX = "/_sns/"
_XML = "http://sns.amazonaws.com/doc/2010-03-31/"


def answer(request: Request) -> Response:
    """What is behind a link of ours; 400 or 404 in plain words when it is not good."""
    if request.path == signing.CERTIFICATE_PATH:
        return Response(200, [("Content-Type", "application/x-pem-file")], signing.certificate().encode())
    given = dict(request.query_items)
    act = {"ConfirmSubscription": _confirm, "Unsubscribe": _unsubscribe}.get(given.get("Action", ""))
    try:
        if act is None:
            raise InvalidParameter(what="Action")
        return act(given)
    except (InvalidParameter, TopicNotFound, SubscriptionNotFound) as error:
        return Response(error.status, [("Content-Type", "text/plain; charset=utf-8")], error.text.encode())


def _confirm(given: dict[str, str]) -> Response:
    parsed = arns.parse(given.get("TopicArn", ""))
    if parsed is None:
        raise InvalidParameter(what="TopicArn")
    found = services.confirm_subscription(
        account_id=parsed.account, topic_arn=given["TopicArn"], token=given.get("Token", "")
    )
    return _xml("ConfirmSubscription", f"<SubscriptionArn>{escape(found.arn)}</SubscriptionArn>")


def _unsubscribe(given: dict[str, str]) -> Response:
    parsed = arns.parse(given.get("SubscriptionArn", ""))
    if parsed is None:
        raise InvalidParameter(what="SubscriptionArn")
    account = Account(pk=parsed.account)
    services.unsubscribe_by_token(account=account, arn=given["SubscriptionArn"], token=given.get("Token", ""))
    return _xml("Unsubscribe", "")


def _xml(operation: str, result: str) -> Response:
    body = f'<{operation}Response xmlns="{_XML}"><{operation}Result>{result}</{operation}Result></{operation}Response>'
    return Response(200, [("Content-Type", "text/xml")], body.encode())

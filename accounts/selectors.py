"""Reading accounts."""

from accounts.errors import AccountNotFound
from accounts.models import Account, User
from core import arns


def get_account(*, account_id: str) -> Account:
    """The account with this id; raises ``AccountNotFound``."""
    try:
        return Account.objects.get(id=account_id)
    except Account.DoesNotExist:
        raise AccountNotFound(account_id=account_id) from None


def may_set_clock(*, user: User, account: Account) -> bool:
    """Whether a person may change an account's clock: staff may, and whoever has the account for themselves.

    Students who share an account have a class's time in common: there it is the teacher's.
    """
    if user.is_staff:
        return True
    return user.account_id == account.pk and not User.objects.filter(account=account).exclude(pk=user.pk).exists()


def own_arn(*, account: Account, arn: str) -> tuple[str, bool]:
    """``arn`` inside the caller's account, and whether it named another one.

    Slides and tutorials carry their author's account id. Nobody reaches a foreign account here, so such an ARN
    means the caller's resource of the same name; a door says that it was changed. What is not an ARN, or has no
    account (S3) or AWS's own (managed policies), comes back as it is.
    """
    parsed = arns.parse(arn)
    if parsed is None or parsed.account in ("", "aws", account.id):
        return arn, False
    return str(arns.Arn(parsed.service, parsed.region, account.id, parsed.resource, parsed.partition)), True

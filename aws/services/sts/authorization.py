"""What STS's operations need. Taking a role is decided with its trust policy, in ``accounts.sts``."""

from aws.permissions import Rule, anything, register

register(
    "sts",
    prefix="sts",
    operations={
        "AssumeRole": Rule(free=True),
        "GetAccessKeyInfo": Rule(resource=anything),
        "GetCallerIdentity": Rule(free=True),
        "GetSessionToken": Rule(free=True),
    },
)

"""What an invocation would cost on AWS: x86 prices of us-east-1, without the free tier, 2026.

Source: AWS Lambda's price list: $0.20 for a million requests and $0.0000166667 for a GB-second.
"""

from decimal import Decimal

REQUEST = Decimal("0.0000002")
GB_SECOND = Decimal("0.0000166667")


def invocation(*, billed_ms: int, memory_mb: int) -> Decimal:
    """Dollars for one invocation."""
    return REQUEST + GB_SECOND * Decimal(memory_mb) / 1024 * Decimal(billed_ms) / 1000


def dollars(amount: Decimal) -> str:
    """As a price list writes it, small as it is: ``$0.000000204``."""
    return f"${amount:.9f}"

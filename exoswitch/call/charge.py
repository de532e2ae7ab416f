"""Core: the cost of one call, and the cost of the same call elsewhere."""

from decimal import Decimal

from attrs import frozen


@frozen(kw_only=True)
class Charge:
    """The cost of a call that has ended: `amount` in `currency`, for `billed_s` seconds that its trunk counts.

    `amount` is None if the trunk has no price for that day. A call that was not answered costs 0. `baseline` is the
    price of the same call at the provider that `billing.baseline` describes, in `baseline_currency`. Amounts have six
    decimals.
    """

    amount: Decimal | None
    currency: str
    billed_s: int
    baseline: Decimal
    baseline_currency: str

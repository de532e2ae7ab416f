"""Core: calls as reports need them: summed up, or one by one for a comparison with the carrier's records."""

from decimal import Decimal
from typing import Literal

from attrs import frozen

Grouping = Literal["trunk", "account", "app", "day"]


@frozen(kw_only=True)
class Usage:
    """The calls that ended on a day, by trunk, by account or app, and by currency; texts may be empty.

    `talked_ms` is the time of all answered calls, `priced_ms` that of calls with a cost, `billed_ms` that of calls
    for which the carrier bills `billed_s` seconds. `cost` and `baseline` are those of calls with a cost; `unpriced`
    counts the answered calls without one.
    """

    key: str
    trunk: str
    currency: str
    baseline_currency: str
    calls: int
    answered: int
    talked_ms: int
    priced_ms: int
    billed_ms: int
    billed_s: int
    cost: Decimal
    unpriced: int
    baseline: Decimal


@frozen(kw_only=True)
class AnsweredCall:
    """An answered call that has ended; times are seconds since the epoch, `number` is the person's.

    `billed_s` and `amount` are None if its trunk had no price.
    """

    call_sid: str
    trunk: str
    number: str
    answered_at: float
    talked_ms: int
    billed_s: int | None
    amount: Decimal | None
    currency: str

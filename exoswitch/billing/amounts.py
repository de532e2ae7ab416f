"""Core: amounts of money: exact decimals with six places; only a line that is shown is rounded to fewer."""

from decimal import ROUND_HALF_UP, Context, Decimal

ZERO = Decimal(0)

EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""Products of the configuration's longest numbers are exact in it; an inexact quotient is never next to a tie."""

_PLACES = 6  # a paisa has two, and one second in a pulse of one second costs fractions of it


def to_six_places(amount: Decimal) -> Decimal:
    """Round an amount half-up, as it is kept."""
    return rounded(amount, _PLACES)


def rounded(amount: Decimal, places: int) -> Decimal:
    """Round an amount half-up, as it is shown."""
    return amount.quantize(Decimal(1).scaleb(-places), context=EXACT)


def millionths(amount: Decimal) -> int:
    """Give an amount of six places as a whole number, as databases keep it."""
    return int(EXACT.scaleb(amount, _PLACES))


def of_millionths(number: int) -> Decimal:
    """Give the amount of so many millionths."""
    return EXACT.scaleb(Decimal(number), -_PLACES)

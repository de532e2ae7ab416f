"""Warnings about trunks whose calls the others cannot carry."""

import pytest

from exoswitch.config.failover_advice import failover_warnings

BSNL = "{name: bsnl1, provider: sip, host: 10.60.1.10, channels: 1000, cps: 20}"
EXOTEL = "{name: exotel1, provider: sip, host: 10.60.1.11, channels: 200, cps: 3.3}"
TWILIO = "{name: twilio1, provider: sip, host: 10.60.1.12, channels: 900, cps: 30}"


@pytest.fixture
def warned(read, good):
    def of(*trunks, routing="order", accounts="acme1: {api_key: k, api_token: t0ken-of-acme-10}"):
        head, _, rest = good.partition("trunks:")
        _, _, rest = rest.partition("apps:")
        listed = "".join(f"  - {trunk}\n" for trunk in trunks)
        text = f"{head}trunks:\n{listed}routing: {{strategy: {routing}}}\naccounts:\n  {accounts}\napps:{rest}"
        return {problem.path: problem.text for problem in failover_warnings(read(text))}

    return of


def test_only_trunk_has_no_warning(warned):
    assert warned(BSNL) == {}


def test_trunk_whose_successor_carries_less_is_a_warning_with_how_much(warned):
    assert warned(BSNL, EXOTEL) == {
        "trunks[0]": "if bsnl1 fails, exotel1 can carry at most 16 % of its calls a second (3.3 of 20) and 20 % of "
        "its channels (200 of 1000); add a trunk, or have their limits raised"
    }


def test_trunk_whose_successors_together_carry_as_much_has_no_warning(warned):
    assert warned(BSNL, EXOTEL, TWILIO) == {}
    assert warned(EXOTEL, BSNL) == {}


def test_equal_shares_of_a_decimal_limit_are_enough(warned):
    old, new = (EXOTEL.replace("exotel1", name).replace("}", ", weight: 50}") for name in ("old", "new"))
    assert warned(old, new, routing="weight") == {}


def test_only_the_limit_that_lacks_is_named(warned):
    assert warned(BSNL, TWILIO)["trunks[0]"].startswith(
        "if bsnl1 fails, twilio1 can carry at most 90 % of its channels (900 of 1000);"
    )


def test_first_trunk_is_the_one_of_the_lowest_order(warned):
    first, second = EXOTEL.replace("}", ", order: 1}"), BSNL.replace("}", ", order: 0}")
    assert list(warned(first, second)) == ["trunks[1]"]


def test_trunk_that_takes_other_calls_is_no_successor(warned):
    abroad = TWILIO.replace("}", ', prefixes: ["+1"]}')
    assert list(warned(BSNL, EXOTEL, abroad)) == ["trunks[0]"]
    assert warned(BSNL, abroad) == {}


def test_successor_must_take_only_the_calls_that_its_accounts_dial(warned):
    india = EXOTEL.replace("}", ', prefixes: ["+91"]}')
    assert list(warned(BSNL, india)) == ["trunks[0]"]
    abroad = 'acme1: {api_key: k, api_token: t0ken-of-acme-10, dial_prefixes: ["+"]}'
    assert warned(BSNL, india, accounts=abroad) == {}
    assert list(warned(BSNL.replace("}", ', prefixes: ["+9198"]}'), india, accounts=abroad)) == ["trunks[0]"]


def test_trunk_of_one_account_has_the_successors_that_take_its_calls(warned):
    accounts = (
        "acme1: {api_key: k, api_token: t0ken-of-acme-10}\n  globex: {api_key: k, api_token: t0ken-of-globex-1}"
    )
    own = BSNL.replace("}", ", accounts: [globex]}")
    assert list(warned(own, EXOTEL, accounts=accounts)) == ["trunks[0]"]
    assert warned(own, EXOTEL.replace("}", ", accounts: [acme1]}"), accounts=accounts) == {}


def test_share_of_a_trunk_is_what_the_others_must_carry(warned):
    old, new = EXOTEL.replace("}", ", weight: 99}"), BSNL.replace("}", ", weight: 1}")
    assert warned(old, new, routing="weight") == {}
    swapped = EXOTEL.replace("}", ", weight: 1}"), BSNL.replace("}", ", weight: 99}")
    assert warned(*swapped, routing="weight")["trunks[1]"].startswith(
        "if bsnl1 fails, exotel1 can carry at most 16 % of its calls a second (3.3 of 20)"
    )


def test_by_price_each_trunk_may_be_the_first(warned):
    assert list(warned(EXOTEL, BSNL, routing="cost")) == ["trunks[1]"]


def test_trunk_that_is_never_left_while_it_is_silent_is_a_warning(warned):
    slow = BSNL.replace("}", ", post_dial_s: 20}")
    assert warned(TWILIO, slow, routing="order, budget_s: 20")["trunks[1].post_dial_s"] == (
        "is 20 s, and routing.budget_s is 20 s: a call does not leave bsnl1 while it is silent; "
        "write a post_dial_s below budget_s"
    )
    assert "trunks[1].post_dial_s" not in warned(TWILIO, slow, routing="order, budget_s: 21")
    assert "trunks[1].post_dial_s" not in warned(TWILIO, slow, routing="order, attempts: 1")
    assert warned(slow) == {}

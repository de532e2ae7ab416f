"""Failed logins by address."""

from exoswitch.web.failed_logins import MAX_ADDRESSES, FailedLogins


def test_the_first_is_told_at_once_and_the_others_are_counted():
    failed = FailedLogins()
    assert [failed.add("a") for _ in range(4)] == ["a", None, None, None]
    assert failed.take("a") == 3
    assert failed.add("a") is None
    assert failed.take("a") == 1
    assert failed.take("a") == 0
    assert failed.add("a") == "a"


def test_addresses_beyond_the_limit_are_counted_together():
    failed = FailedLogins()
    told = [failed.add(f"a{number}") for number in range(MAX_ADDRESSES + 50)]
    assert told[MAX_ADDRESSES] == "other addresses"
    assert told[MAX_ADDRESSES + 1 :] == [None] * 49
    assert failed.take("other addresses") == 49

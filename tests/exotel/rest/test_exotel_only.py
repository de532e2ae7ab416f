import pytest

from exoswitch.exotel.rest.exotel_only import why_missing


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v2/accounts/acme1/campaigns", "no campaigns"),
        ("/v2/accounts/acme1/campaigns/ab12/call-details", "no campaigns"),
        ("/v2/accounts/acme1/lists", "no lists of contacts"),
        ("/v1/Accounts/acme1/Sms/send.json", "no SMS"),
        ("/v2_beta/Accounts/acme1/AvailablePhoneNumbers/IN/Mobile", "no orders of numbers"),
        ("/v2/accounts/acme1/users", "no users of a call centre"),
        ("/v3/accounts/acme1/calls/ab12", "no version 3"),
    ],
)
def test_part_of_exotels_api_that_is_missing_is_named(path, words):
    assert why_missing(path) == f"{path} is not a path of this API: exoswitch has {words}" + (
        " of Exotel's" if "version" in words else ""
    )


@pytest.mark.parametrize("path", ["/v1/Accounts/acme1/Nothing.json", "/other", "/v2/accounts/acme1"])
def test_path_that_nobody_has_is_only_repeated(path):
    assert why_missing(path) == f"{path} is not a path of this API"

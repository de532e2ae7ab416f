"""`exotelpy` 0.1.1 from PyPI with another `baseurl`: it reads JSON before it looks at the status."""

import pytest

exotel = pytest.importorskip("exotelpy.exotel", reason="exotelpy is for Python up to 3.13")
problems = pytest.importorskip("exotelpy.exceptions")
pytestmark = pytest.mark.loopback


@pytest.fixture
def account(rig):
    return rig.account("exotelpy")


@pytest.fixture
def client(rig, account):
    return exotel.Exotel(account.sid, account.key, account.token, baseurl=rig.url)


def test_it_lists_the_numbers_of_its_account(client, account):
    [number] = client.get_all_exophones()["incoming_phone_numbers"]
    assert number["phone_number"] == account.number
    assert number["friendly_name"] == account.exophone
    assert number["sid"].isdigit()


def test_it_reads_the_details_and_the_heartbeat_of_a_number(client, account):
    [listed] = client.get_all_exophones()["incoming_phone_numbers"]
    assert client.get_exophone_details(listed["sid"])["phone_number"] == account.number
    heartbeat = client.get_exophone_heartbeat(listed["sid"])
    assert heartbeat["http_code"] == 200


def test_unknown_number_is_not_found(client):
    with pytest.raises(problems.NotFound, match="999"):
        client.get_exophone_details("999")


def test_wrong_key_is_told_with_a_description(rig, account):
    stranger = exotel.Exotel(account.sid, account.key, "wrong", baseurl=rig.url)
    with pytest.raises(problems.AuthenticationFailed, match="API key"):
        stranger.get_bulk_campaign_details()
    with pytest.raises(KeyError):  # it reads the error of a v2_beta path in the form of v2
        stranger.get_all_exophones()


def test_campaigns_come_later_and_are_refused(client, account):
    with pytest.raises(problems.NotFound, match="exoswitch has no campaigns"):
        client.create_campaign(account.exophone, account.app, from_=["+919812345610"])

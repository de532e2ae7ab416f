"""Warnings."""

import pytest

from exoswitch.config.advice import warnings

ELSEWHERE = "host: 10.0.1.5}"


def warned(config):
    return {problem.path: problem.text for problem in warnings(config)}


def test_configuration_on_one_machine_has_no_warning(read, good):
    assert warned(read(good)) == {}


def test_asterisk_on_another_host_needs_an_address_that_it_can_reach(read, good):
    found = warned(read(good.replace("host: 127.0.0.1}", ELSEWHERE, 1) + "rtp: {bind: 127.0.0.1}\n"))
    remedy = "write this gateway's address on the private link"
    assert found["rtp.advertise"] == f"is 127.0.0.1, but pbx1 cannot reach it; {remedy}"
    assert found["rtp.bind"].startswith("is 127.0.0.1, but pbx1 cannot reach it; write 0.0.0.0 or")


def test_http_on_every_interface_is_a_warning(read, good):
    assert "TLS proxy" in warned(read(good + "http: tcp:8080\n"))["http"]
    assert warned(read(good + "http: unix:/run/exoswitch/http\n")) == {}


def test_metrics_on_every_interface_are_a_warning(read, good):
    assert "only your monitoring reaches it" in warned(read(good + "metrics: tcp:9464\n"))["metrics"]
    assert warned(read(good + "metrics: tcp:9464:interface=10.0.0.5\n")) == {}


def test_two_programs_on_one_host_need_separate_port_ranges(read, good):
    found = warned(read(good.replace("name: pbx1", "name: pbx1, rtp_ports: 20000-29999")))
    assert found == {
        "asterisks[0].rtp_ports": "overlaps with rtp.ports on the same host; give each program its own range"
    }


@pytest.mark.parametrize(
    ("network", "inside"),
    [
        ("127.0.0.0/8", "Asterisk pbx1"),
        ("10.0.1.0/24", "Asterisk pbx1"),
        ("10.0.2.0/24", None),
        ("::/0", "this machine"),
    ],
)
def test_private_network_with_servers_of_ours_is_a_warning(network, inside, read, good):
    text = good.replace("host: 127.0.0.1}", ELSEWHERE, 1) if network.startswith("10.") else good
    found = warned(read(f'{text}private_networks: ["{network}"]\n')).get("private_networks[0]")
    assert found is None if inside is None else f"contains {inside}" in found


def test_gateway_without_trunks_and_accounts_is_a_warning(read, good):
    assert warned(read(good[: good.index("trunks:")])).keys() == {"trunks", "accounts"}


def test_sessions_that_a_fleet_does_not_share_are_a_warning(read, good):
    fleet = good + "cluster: redis://127.0.0.1/0\n"
    assert "other gateways cannot resume or dial" in warned(read(fleet))["sessions"]
    assert warned(read(fleet + "sessions: postgresql://exo@127.0.0.1/exo\n")) == {}


def test_hand_over_without_a_cluster_is_a_warning(read, good):
    assert "no gateway takes the calls" in warned(read(good + "gateway: {on_stop: hand-over}\n"))["gateway.on_stop"]


@pytest.mark.parametrize("token", ["short", "aaaabbbbccccddddeeee"])
def test_a_secret_that_is_easy_to_guess_is_a_warning(read, good, token):
    weak = good.replace("t0ken-of-acme-10", token).replace("s3cret-of-pbx-10", token)
    assert warned(read(weak)).keys() == {"accounts.acme1.api_token", "asterisks[0].secret"}
    assert token not in repr(warned(read(weak)))


def test_price_in_another_currency_is_a_warning(read, good):
    dollars = good.replace("port: 5070}", "port: 5070, cost: {rate: 0.05, currency: USD}}")
    assert warned(read(dollars))["trunks[0].cost"].startswith("is in USD, but billing.currency is INR: reports show")
    assert warned(read(dollars + "billing: {currency: USD}\n")) == {}


def test_trunk_without_numbers_beside_one_that_has_some_is_a_warning(read, good):
    second = '  - {name: bsnl1, provider: sip, host: 127.0.0.1, numbers: ["+914024001350"]}\naccounts:'
    assert warned(read(good.replace("accounts:", second, 1))) == {
        "trunks[0].numbers": "is missing, so calls on lab may show numbers of other trunks, which most carriers "
        "refuse; add the numbers of this trunk"
    }


def test_trunk_without_a_price_is_a_warning_if_the_cheapest_one_is_chosen(read, good):
    found = warned(read(good + "routing: {strategy: cost}\n"))
    assert found == {"trunks[0].cost": "is missing, so strategy cost takes this trunk last; add its price"}


@pytest.mark.parametrize(
    ("recordings", "path", "told"),
    [
        ('recordings: {folder: ""}\n', "apps.1001.record", "has no effect without recordings.folder"),
        ("", "recordings.base_url", "RecordingUrl in callbacks begins with the address of http"),
    ],
)
def test_recorded_calls_without_a_folder_or_a_url_are_a_warning(recordings, path, told, read, good):
    assert (
        told
        in warned(read(good.replace("account: acme1, url:", "record: true, account: acme1, url:") + recordings))[path]
    )

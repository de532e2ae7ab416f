"""The script with the routes to the media of carriers, and the sample of the link between the servers."""

import subprocess

from tests.asterisk.conftest import trunk_at

SCRIPT = "system/asterisk/carrier-routes"


def routes(files):
    return [line for line in files[SCRIPT].splitlines() if line.startswith("route ")]


def test_media_takes_the_way_of_the_signalling(rendered):
    files = rendered(trunk_at("bsnl1", "10.60.1.10", media="10.60.2.0/24 10.60.3.0/24"))
    assert routes(files) == ["route bsnl1 10.60.1.10 private 10.60.2.0/23"]


def test_carrier_at_public_addresses_may_take_the_default_route(rendered):
    files = rendered(trunk_at("far", "54.169.127.129", media="168.86.128.0/18"))
    assert routes(files) == ["route far 54.169.127.129 public 168.86.128.0/18"]


def test_carrier_without_media_networks_needs_no_route(rendered):
    assert routes(rendered(trunk_at("lab", "10.9.0.1"), trunk_at("named", "sbc.example.org"))) == []


def test_shell_takes_the_script(rendered, tmp_path):
    file = tmp_path / "carrier-routes"
    file.write_text(rendered(trunk_at("bsnl1", "10.60.1.10", media="10.60.2.0/24"))[SCRIPT])
    subprocess.run(["sh", "-n", file], check=True)


def test_link_has_an_end_at_each_server(rendered):
    files = rendered(gateways="10.0.0.5 10.0.0.6")
    ours, theirs = files["system/asterisk/exo0.conf"], files["system/gateway/exo0.conf"]
    assert "\nAddress = 10.0.1.5/32\n" in ours
    assert [line for line in ours.splitlines() if line.startswith("AllowedIPs")] == [
        "AllowedIPs = 10.0.0.5/32",
        "AllowedIPs = 10.0.0.6/32",
    ]
    assert "\nAddress = 10.0.0.5/32\n" in theirs
    assert "\nAllowedIPs = 10.0.1.5/32\n" in theirs


def test_sample_of_the_link_has_no_key(rendered):
    files = rendered()
    for end in ("system/asterisk/exo0.conf", "system/gateway/exo0.conf"):
        assert "PrivateKey" not in files[end]
        assert "\nPublicKey = PUBLIC-KEY-OF-" in files[end]

"""The nftables rules of both servers. Where nft is at hand, it checks them itself."""

import os
import shutil
import subprocess

import pytest

from exoswitch.trunks.registry import build
from tests.asterisk.conftest import trunk_at
from tests.harness.providers import YAML, settings_of

ASTERISK, GATEWAY = "system/asterisk/exoswitch-asterisk.nft", "system/gateway/exoswitch-gateway.nft"
BSNL = trunk_at("bsnl1", "10.60.1.10", media="10.60.2.0/24")
EXOTEL = trunk_at("exotel1", "pstn.in4.exotel.com", media="182.76.143.61 122.15.8.184", transport="tls")
TWILIO = trunk_at(
    "twilio1",
    "acme.pstn.singapore.twilio.com",
    media="168.86.128.0/18",
    sources=("54.169.127.128/30",),
    transport="tls",
)
SIXTH = trunk_at("sixth", "2001:db8::10", media="2001:db8:1::/64", transport="tcp")
OVERLAPPING = trunk_at("again", "10.60.1.10", media="10.60.0.0/16 10.60.2.0/25", sources=("10.60.1.0/24",))


def rules(text):
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_ami_is_open_to_gateways_only(rendered):
    told = rules(rendered(BSNL, gateways="10.0.0.5 10.0.0.6")[ASTERISK])
    assert [line for line in told if "5038" in line] == [
        "ip saddr { 10.0.0.5, 10.0.0.6 } tcp dport { 22, 5038 } accept",
        "tcp dport { 5038, 5060, 5061 } counter drop",
    ]


def test_sip_and_audio_of_a_trunk_are_open_to_its_own_networks_only(rendered):
    told = rules(rendered(BSNL)[ASTERISK])
    assert [line for line in told if line.endswith("accept") and "10.60" in line] == [
        "ip saddr { 10.60.1.10 } udp dport 5060 accept",
        "ip saddr { 10.60.2.0/24 } udp dport 10000-19999 accept",
    ]


def test_port_of_a_trunk_is_that_of_its_transport(rendered):
    told = rules(rendered(TWILIO, SIXTH)[ASTERISK])
    assert "ip saddr { 54.169.127.128/30 } tcp dport 5061 accept" in told
    assert "ip6 saddr { 2001:db8::10 } tcp dport 5060 accept" in told


def test_audio_of_a_carrier_without_media_networks_comes_from_where_its_signalling_does(rendered):
    told = rules(rendered(trunk_at("lab", "10.9.0.1"))[ASTERISK])
    assert "ip saddr { 10.9.0.1 } udp dport 10000-19999 accept" in told


def test_name_of_a_host_never_gets_into_the_rules(rendered):
    assert "exotel.com" not in rendered(EXOTEL)[ASTERISK]


def test_carrier_is_never_forwarded(rendered):
    told = rules(rendered(BSNL)[ASTERISK])
    forward = told[told.index("chain forward {") :]
    networks = "{ 10.60.1.10, 10.60.2.0/24 }"
    assert f"ip saddr {networks} counter drop" in forward
    assert f"ip daddr {networks} counter drop" in forward


def test_gateway_takes_audio_from_its_asterisks_and_nothing_else(rendered):
    told = rules(rendered()[GATEWAY])
    assert told[told.index('include "/etc/nftables.d/gateway-*.nft"') + 1 : -2] == [
        "ip saddr { 10.0.1.5 } udp dport 20000-23999 accept",
        "ip saddr { 10.0.1.5 } counter drop",
        "udp dport 20000-23999 counter drop",
    ]


def test_server_that_is_both_does_not_shut_out_the_other_part(rendered):
    files = rendered(advertise="10.0.1.5", gateways="10.0.1.0/24")
    assert "ip saddr { 10.0.1.0/24 } counter drop" not in files[ASTERISK]
    assert "ip saddr { 10.0.1.5 } counter drop" not in files[GATEWAY]


def test_nft_takes_the_rules_of_every_provider(rendered, tmp_path):
    loaded = [settings_of(tmp_path, text) for text in YAML.values()]
    nft_takes(rendered(*(build(settings) for (settings,) in loaded)), tmp_path)


@pytest.mark.parametrize("trunks", [(), (BSNL,), (BSNL, OVERLAPPING, EXOTEL, TWILIO, SIXTH)])
def test_nft_takes_the_rules(rendered, trunks, tmp_path):
    nft_takes(rendered(*trunks), tmp_path)


def nft_takes(files, folder):
    if os.geteuid() != 0 or shutil.which("nft") is None:
        pytest.skip("needs root and nft: apt install nftables")
    for name in (ASTERISK, GATEWAY):
        file = folder / "rules.nft"
        file.write_text(files[name])
        checked = subprocess.run(
            ["unshare", "--net", "nft", "--check", "--file", file], capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")

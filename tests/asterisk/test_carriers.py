from ipaddress import ip_network

import pytest

from exoswitch.asterisk.carriers import Carrier, collapsed
from exoswitch.errors import ConfigError
from tests.asterisk.conftest import trunk_at


def test_networks_that_overlap_become_one():
    networks = map(ip_network, ("10.60.2.0/24", "10.60.0.0/16", "2001:db8::/64", "10.60.2.7"))
    assert [str(network) for network in collapsed(networks)] == ["10.60.0.0/16", "2001:db8::/64"]


def test_name_of_a_host_is_a_warning_with_its_remedy():
    known = trunk_at("one", "10.60.1.10")
    named = trunk_at("two", "sbc.example.org")
    half = trunk_at("three", "sbc.example.org", media="10.60.2.0/24")
    assert Carrier.of(known).warning is None
    assert Carrier.of(named).warning == (
        "trunk two: the firewall does not let in calls and audio from it, because it needs addresses, and "
        "sbc.example.org is a name; write the carrier's networks to sources and media"
    )
    assert "calls from it" in (Carrier.of(half).warning or "")
    sourced = trunk_at("four", "sbc.example.org", sources=("54.169.127.128/30",))
    assert Carrier.of(sourced).warning is None


@pytest.mark.parametrize("media", ["10.0.0.0/16", "10.0.1.0/24"])
def test_media_network_that_would_cut_the_link_is_refused(rendered, media):
    with pytest.raises(ConfigError, match=r"contains 10.0.[01].5/32 of the link between the servers") as refused:
        rendered(trunk_at("lab", "10.60.1.10"), trunk_at("bsnl1", "10.60.1.10", media=media))
    assert [problem.path for problem in refused.value.problems] == ["trunks[1].media"]

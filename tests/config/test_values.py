"""Each kind of value: the texts that it reads, and those that it refuses."""

from ipaddress import ip_network

import pytest

from exoswitch.config import addresses, kinds, sip_kinds
from exoswitch.config.kinds import Unreadable, choice, decimal, whole

WITHOUT_ZONES = (
    *(addresses.network, addresses.carrier_network, addresses.proxy, addresses.host, addresses.host_and_port),
    *(addresses.stream_host, sip_kinds.source, sip_kinds.domain, sip_kinds.next_hop),
)
"""Python takes any text for the zone of an IPv6 address, also a line end, and a command of a shell."""


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (whole(1, 65535).read, "5060", 5060),
        (whole(20, 1000, step=20).read, "100", 100),
        (decimal(0, 10).read, "0.5", 0.5),
        (decimal(0, 10).read, "10", 10.0),
        (choice("ulaw", "alaw").read, "alaw", "alaw"),
        (kinds.port_range, "20000-23999", range(20000, 24000)),
        (kinds.port_range, "20000 - 20000", range(20000, 20001)),
        (kinds.phone_number, "080 4749 1899", "+918047491899"),
        (kinds.line, "a b: c", "a b: c"),
        (kinds.caller_id, "080 4749 1899", "+918047491899"),
        (kinds.caller_id, "any", "any"),
        (kinds.number_range, "040 2400 1350", ("+914024001350",)),
        (kinds.number_range, "040-2400-1350", ("+914024001350",)),
        (kinds.number_range, "+914024001398-99", ("+914024001398", "+914024001399")),
        (kinds.dial_prefix, "+91", "+91"),
        (kinds.dial_prefix, "+", "+"),
        (addresses.proxy, "unix", "unix"),
        (addresses.proxy, "2001:0db8::1", "2001:db8::1"),
        (addresses.ipv4, "10.0.0.5", "10.0.0.5"),
        (addresses.reachable_ipv4, "10.0.0.5", "10.0.0.5"),
        (addresses.reachable_ipv4, "127.0.0.1", "127.0.0.1"),
        (addresses.host, "sip.example.org", "sip.example.org"),
        (addresses.host, "fd00::1", "fd00::1"),
        (addresses.network, "10.8.0.0/16", ip_network("10.8.0.0/16")),
        (addresses.network, "10.8.0.5", ip_network("10.8.0.5/32")),
        (addresses.network, "fd00::/8", ip_network("fd00::/8")),
        (addresses.carrier_network, "168.86.128.0/18", ip_network("168.86.128.0/18")),
        (addresses.carrier_network, "10.60.1.10", ip_network("10.60.1.10/32")),
        (addresses.carrier_network, "2001:db8::/32", ip_network("2001:db8::/32")),
        (addresses.base_url, "https://exo.example.org:8443/", "https://exo.example.org:8443"),
        (addresses.base_url, "", ""),
        (kinds.recorded, "Yes", "true"),
        (kinds.recorded, "off", "false"),
        (kinds.recorded, "dual", "dual"),
        (addresses.stream_host, "Voice_Bot", "voice_bot"),
        (addresses.stream_host, "bot.example.org.:8080", "bot.example.org:8080"),
        (addresses.stream_host, "10.8.0.5", "10.8.0.5"),
        (addresses.stream_host, "[fd00::5]:80", "[fd00::5]:80"),
        (addresses.host_and_port, "0.0.0.0:5060", "0.0.0.0:5060"),
        (addresses.host_and_port, "[::1]:5060", "[::1]:5060"),
        (addresses.client_endpoint, "tcp:10.0.1.5:5038", "tcp:10.0.1.5:5038"),
        (addresses.client_endpoint, "tls:pbx.example.org:5039", "tls:pbx.example.org:5039"),
        (addresses.client_endpoint, "tcp:host=pbx:port=5038:timeout=5", "tcp:host=pbx:port=5038:timeout=5"),
        (addresses.client_endpoint, "tcp:10.0.1.5:5038:timeout=5", "tcp:10.0.1.5:5038:timeout=5"),
        (addresses.client_endpoint, r"tcp:fd00\:\:1:5038", r"tcp:fd00\:\:1:5038"),
        (addresses.client_endpoint, "unix:/run/ami", "unix:/run/ami"),
        (addresses.server_endpoint, "tcp:8080", "tcp:8080"),
        (addresses.server_endpoint, "tcp:port=8080:interface=::1", "tcp:port=8080:interface=::1"),
        (addresses.server_endpoint, "unix:/run/exoswitch/http", "unix:/run/exoswitch/http"),
        (addresses.server_endpoint, "systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
        (addresses.bot_url, "wss://u:p@bot.example.org/ws?lang=hi", "wss://u:p@bot.example.org/ws?lang=hi"),
        (addresses.bot_url, "ws://[::1]:9000/?sample-rate=8000", "ws://[::1]:9000/?sample-rate=8000"),
        (addresses.bot_url, "ws://bot?voice/8a1f", "ws://bot?voice/8a1f"),
        (addresses.bot_url, "http://bot:5000/where?a", "http://bot:5000/where?a"),
        (addresses.bot_url, "https://u:p@bot/where", "https://u:p@bot/where"),
    ],
)
def test_good_text_is_read(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *(
            (whole(1, 100).read, text)
            for text in ("", "0", "101", "1.0", "-1", "+1", "1_0", "٣", "0x10", " 5", "9" * 99)
        ),
        (whole(20, 1000, step=20).read, "30"),
        *((decimal(0, 10).read, text) for text in ("", "nan", "inf", "1e3", "-0.1", "10.1", ".5", "1,5")),
        *((kinds.port_range, text) for text in ("", "20000", "20000-", "20001-20000", "80-90", "20000-70000")),
        *((kinds.name, text) for text in ("", "a b", "-a", "a/b", "ü", "a.b", "a" * 65, "a\n")),
        *((kinds.line, text) for text in ("", "a\nb", "a\r", "a\x00")),
        *((kinds.phone_number, text) for text in ("", "hello", "12", "+0123456789")),
        *((kinds.number_range, text) for text in ("", "12", "+914024001350-49", "+914024001350-99999", "-99")),
        *((kinds.caller_id, text) for text in ("", "all", "12")),
        *((kinds.dial_prefix, text) for text in ("", "91", "+a", "+9 1")),
        *((addresses.proxy, text) for text in ("", "10.0.0.0/8", "proxy.example.org")),
        *((kinds.currency, text) for text in ("", "inr", "₹", "RUPEE")),
        *((addresses.ipv4, text) for text in ("", "localhost", "10.0.0", "10.0.0.256", "::1", "010.0.0.1")),
        *((addresses.reachable_ipv4, text) for text in ("", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255")),
        *((addresses.host, text) for text in ("", "a b", "-a", "a..b", "10.0.0.256", "a" * 64, "http://a")),
        *((addresses.carrier_network, text) for text in ("0.0.0.0/0", "128.0.0.0/1", "::/0", "::/1", "sbc")),
        *((read, f"fe80::{zone}") for read in WITHOUT_ZONES for zone in ("%eth0", "%a\n[x]/64", "%$(id)/64")),
        *((addresses.network, text) for text in ("", "10.8.0.1/16", "10.8.0.0/33", "bot", "*")),
        *((addresses.base_url, text) for text in ("exo.example.org", "ftp://exo", "https://exo/path", "https://a@b")),
        *((kinds.recorded, text) for text in ("", "single", "Dual")),
        *((addresses.stream_host, text) for text in ("", "*", "ws://bot", "bot:0", "bot/", "10.8.0.0/16", "127.1")),
        *((addresses.host_and_port, text) for text in ("", "5060", "0.0.0.0:", ":5060", "a:0", "a:65536")),
        *(
            (addresses.client_endpoint, text)
            for text in ("", "tcp", "tcp:", "tcp:a", "tcp:a:b", "udp:a:1", "unix:run")
        ),
        *((addresses.server_endpoint, text) for text in ("", "tcp", "tcp:", "tcp:0", "tcp:http", "8080", "unix:")),
        *(
            (addresses.bot_url, text)
            for text in (
                "",
                "bot.example.org",
                "ftp://bot",
                "ws://",
                "ws:///path",
                "https:///path",
                "ws://bot:99999/",
                "ws://[::1/",
                "ws://bot/#x",
                "ws://bot/a b",
                "ws://bot/" + "a" * 600,
            )
        ),
    ],
)
def test_bad_text_is_refused(read, text):
    with pytest.raises(Unreadable):
        read(text)


@pytest.mark.parametrize("query", ["sample-rate=44100", "lang=hi&sample_rate=24", "sample-rate="])
def test_an_unsupported_sample_rate_is_refused_by_name(query):
    with pytest.raises(Unreadable, match="=8000, 16000 or 24000"):
        addresses.bot_url(f"wss://bot.example.org/ws?{query}")


@pytest.mark.parametrize(
    ("endpoint", "interface"),
    [
        ("tcp:8080", ""),
        ("tcp:8080:interface=0.0.0.0", ""),
        (r"tcp:8080:interface=\:\:", ""),
        ("tcp:8080:interface=127.0.0.1", "127.0.0.1"),
        ("unix:/run/http", None),
    ],
)
def test_interface_of_an_endpoint_is_all_or_one_or_none(endpoint, interface):
    assert addresses.interface_of(endpoint) == interface


def test_word_with_other_digits_is_not_suggested():
    with pytest.raises(Unreadable, match=r"^must be one of alaw, g722$"):
        choice("alaw", "g722").read("g729")
    with pytest.raises(Unreadable, match="did you mean 'g722'"):
        choice("alaw", "g722").read("g.722")

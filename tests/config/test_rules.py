"""Rules between values."""

import re

import pytest

TWO_ACCOUNTS = "\n  acme2: {api_key: k, api_token: t}\napps:"


def test_names_of_asterisks_and_trunks_are_unique(problems, good):
    again = '\n  - {name: pbx1, ami: "tcp:a:1", username: u, secret: s, host: 127.0.0.1}\ntrunks:'
    assert problems(good.replace("\ntrunks:", again)) == {
        "asterisks[1].name": "'pbx1' is also the name of asterisks[0]; rename one"
    }


def test_account_of_an_app_exists(problems, good):
    found = problems(good.replace('"1001": {account: acme1', '"1001": {account: globex'))
    assert found["apps.1001.account"] == "there is no 'globex' under accounts:; add it under accounts:"


def test_app_of_a_number_exists(problems, good):
    found = problems(good.replace('app: "1001"', 'app: "1002"'))
    assert found == {"numbers.+918047491899.app": "there is no '1002' under apps:; did you mean '1001'?"}


def test_number_and_its_app_have_the_same_account(problems, good):
    found = problems(
        good.replace("\napps:", TWO_ACCOUNTS).replace('{account: acme1, app: "1001"}', "{account: acme2, app: 1001}")
    )
    assert found["numbers.+918047491899.app"].startswith(
        "app '1001' belongs to account 'acme1', but the number to 'acme2'"
    )


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("sipp", "'sipp' is not a provider; did you mean 'sip'?"),
        ("acme", "'acme' is not a provider; known: sip, bsnl, exotel, twilio, airtel, jio, tata, vi"),
    ],
)
def test_provider_is_one_of_this_version(problems, good, provider, message):
    assert problems(good.replace("provider: sip", f"provider: {provider}")) == {"trunks[0].provider": message}


BSNL = 'provider: bsnl, domain: ap.ims.example, username: u, proxy: 10.60.1.10, numbers: ["+914024001350"]'
EXOTEL = 'provider: exotel, account_sid: acme1m, numbers: ["+914024001350"]'


@pytest.mark.parametrize(
    ("trunk", "written", "instead", "found"),
    [
        (BSNL, "proxy: 10.60.1.10", "proxy: sip:10.60.1.10", {"trunks[0].proxy"}),
        (BSNL, "proxy: 10.60.1.10, ", "", {"trunks[0].proxy"}),
        (EXOTEL, '["+914024001350"]', '"+914024001350"', {"trunks[0].numbers"}),
        (EXOTEL, "acme1m,", "acme1m, number: e146,", {"trunks[0].number"}),
    ],
)
def test_trunk_value_that_cannot_be_read_breaks_no_rule_too(problems, good, trunk, written, instead, found):
    broken = trunk.replace(written, instead)
    assert broken != trunk
    text = good.replace("provider: sip, host: 127.0.0.1, port: 5070", broken)
    assert text != good
    assert problems(text).keys() == found


def test_key_of_another_provider_is_no_misspelling(problems, good):
    text = good.replace("provider: sip, host: 127.0.0.1, port: 5070", f"{EXOTEL}, host: 10.9.0.1")
    assert problems(text) == {"trunks[0].host": "is not a key of this provider; remove it"}


def test_accounts_of_a_trunk_exist(problems, good):
    found = problems(good.replace("port: 5070", "accounts: [acme1, acme]"))
    assert found == {"trunks[0].accounts[1]": "there is no 'acme' under accounts:; did you mean 'acme1'?"}


@pytest.mark.parametrize("codecs", ["[]", "[alaw, alaw]"])
def test_trunk_has_a_codec_and_none_twice(problems, good, codecs):
    found = problems(good.replace("port: 5070", f"codecs: {codecs}"))
    assert found == {"trunks[0].codecs": "must name at least one codec, and none twice"}


def test_gateway_has_a_port_for_every_call_and_for_those_in_quarantine(read, problems, good):
    read(good + "gateway: {capacity: 100}\nrtp: {ports: 20000-20149}\n")
    found = problems(good + "gateway: {capacity: 101}\nrtp: {ports: 20000-20149}\n")
    assert found == {
        "rtp.ports": "has 150 ports, but gateway.capacity 101 needs 151: one for each call, and 50 in "
        "quarantine; widen the range or lower the capacity"
    }


def test_asterisk_has_four_ports_for_every_call(read, problems, good):
    read(good.replace("name: pbx1", "name: pbx1, capacity: 25, rtp_ports: 10000-10099"))
    found = problems(good.replace("name: pbx1", "name: pbx1, capacity: 26, rtp_ports: 10000-10099"))
    assert found == {
        "asterisks[0].rtp_ports": "has 100 ports for 25 calls (4 a call, from an even port on), but capacity is 26; "
        "widen the range or lower the capacity"
    }


def test_asterisk_does_not_use_an_odd_first_port(problems, good):
    found = problems(good.replace("name: pbx1", "name: pbx1, capacity: 100, rtp_ports: 10001-10400"))
    assert found["asterisks[0].rtp_ports"].startswith("has 400 ports for 99 calls")


def test_rule_is_skipped_if_a_number_of_it_cannot_be_read(problems, good):
    found = problems(
        good.replace("name: pbx1", "name: pbx1, capacity: lots, rtp_ports: 10000-10003")
        + "gateway: {capacity: lots}\nrtp: {ports: 20000-20001}\n"
    )
    assert found.keys() == {"asterisks[0].capacity", "gateway.capacity"}


def test_entry_with_a_problem_still_exists_for_others(problems, good):
    found = problems(good.replace("acme1: {api_key: k, api_token: t0ken-of-acme-10}", "acme1: {api_key: k}"))
    assert found.keys() == {"accounts.acme1.api_token"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ami", "tcp:10.0.1.5"),
        ("ami", "tcp:10.0.1.5:ami"),
        ("ami", '"tcp:10.0.1.5\\nallowmultiplelogin=no:5038"'),
        ("ami", "'tcp:fe80\\:\\:1%a;b:5038'"),
        ("sip", "5060"),
        ("sip", "0.0.0.0:0"),
        ("sip", "0.0.0.0;:5060"),
        ("sip", '"::1:5060"'),
        ("host", "pbx1.example.org"),
        ("secret", '""'),
        ("secret", '"a\\nread=all"'),
        ("secret", '" a"'),
        ("username", "general"),
        ("username", '"a]"'),
        ("name", "a b"),
    ],
)
def test_asterisk_that_its_files_cannot_hold_is_refused_by_key(problems, good, key, value):
    asterisk = {"name": "pbx1", "ami": '"tcp:a:1"', "username": "u", "secret": "s", "host": "127.0.0.1", key: value}
    written = ", ".join(f"{name}: {text}" for name, text in asterisk.items())
    found = problems(re.sub(r"\{name: pbx1[^}]*\}", lambda _: f"{{{written}}}", good))
    assert found.keys() == {f"asterisks[0].{key}"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", '"lab]"'),
        ("name", '"a\\nb"'),
        ("host", '"10.9.0.1\\ntype=global"'),
        ("host", "a;b"),
        ("host", "a_b.example.org"),
        ("host", '"[2001:db8::1]"'),
        ("host", '"fe80::1%a;b"'),
        ("port", "0"),
        ("codecs", "[ulaw, mp3]"),
        ("codecs", "[]"),
    ],
)
def test_trunk_that_pjsip_conf_cannot_hold_is_refused_by_key(problems, good, key, value):
    trunk = {"name": "lab", "provider": "sip", "host": "10.9.0.1", key: value}
    written = ", ".join(f"{name}: {text}" for name, text in trunk.items())
    found = problems(good.replace("name: lab, provider: sip, host: 127.0.0.1, port: 5070", written))
    assert {path.split("[")[1].partition(".")[2] for path in found} == {key}


def test_only_the_keys_of_every_trunk_are_read_of_an_unknown_provider(problems, good):
    found = problems(good.replace("provider: sip, ", "provider: acme, channels: 0, "))
    assert found.keys() == {"trunks[0].provider", "trunks[0].channels"}


def test_provider_may_be_a_placeholder(read, good):
    assert read(good.replace("provider: sip", "provider: '${P}'"), P="sip").trunks[0].provider == "sip"


def test_token_may_be_a_hash_and_a_malformed_one_is_told(read, problems, good):
    line = "api_token: t0ken-of-acme-10"
    digest = "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI"
    right = f'api_token: "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU${digest}"'
    assert read(good.replace(line, right)).accounts["acme1"].api_token.startswith("$scrypt$")
    found = problems(good.replace(line, right.replace("ln=14", "ln=25")))
    assert found.keys() == {"accounts.acme1.api_token"}
    assert "has costs that no login may take" in found["accounts.acme1.api_token"]


def test_thread_for_the_media_plane_in_python_is_refused(read, good, problems):
    read(good + "rtp: {tick: thread}\n")
    found = problems(good + "rtp: {tick: thread, plane: python}\n")
    assert found["rtp.tick"].startswith("is thread, and rtp.plane is python")


@pytest.mark.parametrize("metrics", ["tcp:8080", "tcp:8080:interface=0.0.0.0", "tcp:port=8080:interface=127.0.0.1"])
def test_metrics_at_the_port_of_http_are_refused(problems, good, metrics):
    assert problems(good + f"metrics: {metrics}\n") == {
        "metrics": "its port is 8080, which http has; choose another one"
    }


def test_metrics_may_have_the_port_of_http_on_another_interface(read, good):
    read(good + "metrics: tcp:8080:interface=10.0.0.5\n")

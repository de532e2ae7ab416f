"""The defaults and the rules of each provider."""

import pytest

from exoswitch.errors import ConfigError
from exoswitch.trunks.registry import build
from tests.harness.providers import YAML, settings_of
from tools.write_trunk_keys import PAGE, page

AS_DOCUMENTED = ("bsnl", "exotel", "twilio", "sip")


@pytest.fixture
def loaded(tmp_path):
    """Load a trunk, with lines of its own after those of an example."""

    def load_one(which, *lines):
        (settings,) = settings_of(tmp_path, YAML[which] + "".join(f"{line}\n" for line in lines))
        return settings

    return load_one


@pytest.fixture
def problems(loaded):
    def of(which, *lines):
        with pytest.raises(ConfigError) as refused:
            loaded(which, *lines)
        return {problem.path.removeprefix("trunks[0]."): problem.text for problem in refused.value.problems}

    return of


@pytest.mark.parametrize("which", AS_DOCUMENTED)
def test_trunk_needs_at_most_eight_lines(which):
    assert YAML[which].count("\n") <= 8


# --- Carriers of India


def test_bsnl_registers_at_its_proxy_and_shows_its_numbers(loaded):
    bsnl = loaded("bsnl")
    text = build(bsnl).pjsip()
    assert "client_uri = sip:+914024001355@ap.siptrunk.ims.bsnl.in\n" in text
    assert text.count("outbound_proxy = sip:10.60.1.10:5060\\;lr\n") == 3
    assert "send_pai = yes\n" in text
    assert "user_eq_phone = yes\n" in text
    assert "qualify_frequency = 3\nqualify_timeout = 1\n" in text
    assert (len(bsnl.numbers), bsnl.numbers[0], bsnl.numbers[-1]) == (50, "+914024001350", "+914024001399")


def test_bsnl_takes_a_call_a_second_for_each_100_channels(loaded):
    assert loaded("bsnl").cps == 10
    assert loaded("bsnl by address").cps == 1
    assert loaded("bsnl", "cps: 4").cps == 4


def test_bsnl_by_address_has_no_registration_and_no_domain(loaded):
    text = build(loaded("bsnl by address")).pjsip()
    assert "type = registration" not in text
    assert "outbound_proxy" not in text
    assert "contact = sip:10.60.1.10:5060\n" in text
    assert "from_domain = 10.60.1.10\n" in text


def test_jio_logs_in_with_the_number_without_its_plus(loaded):
    assert loaded("jio").auth_username == "918047491899"


def test_tata_and_airtel_get_p_preferred_identity(loaded):
    for which, value in (
        ("tata", "<sip:+918047491899@10.63.1.2>"),
        ("airtel", "<sip:+918047491899@ka.ims.airtel.in;user=phone>"),
    ):
        ((name, text),) = build(loaded(which)).dial("+919812345610", "+918047491899").variables
        assert (name, text) == ("PJSIP_HEADER(add,P-Preferred-Identity)", value)


def test_vi_knows_us_by_our_address(loaded):
    assert not build(loaded("vi")).registers


def test_domain_that_is_the_proxy_is_refused(problems):
    assert "name of the carrier's domain" in problems("vi", "domain: 10.64.1.10")["domain"]


# --- Exotel


def test_exotel_is_reached_over_tls_with_srtp(loaded):
    trunk = build(loaded("exotel"))
    assert trunk.address == "pstn.in4.exotel.com:443"
    text = trunk.pjsip()
    assert "contact = sip:pstn.in4.exotel.com:443\\;transport=tls\n" in text
    assert "media_encryption = sdes\n" in text
    assert "from_domain = acme1m.pstn.exotel.com\n" in text
    assert "allow = alaw,ulaw\n" in text
    assert "send_rpid = yes\n" in text


def test_exotel_over_tcp_has_its_port_and_no_srtp(loaded):
    trunk = build(loaded("exotel over tcp", "edge: in1"))
    assert trunk.address == "pstn.in1.exotel.com:5070"
    assert "media_encryption = no\n" in trunk.pjsip()


def test_exotel_may_assign_a_host_of_its_own(loaded):
    assert build(loaded("exotel", "edge: in.voip.exotel.com")).address == "in.voip.exotel.com:443"


@pytest.mark.parametrize(
    ("line", "path", "remedy"),
    [
        ("transport: udp", "transport", "must be one of tls, tcp"),
        ("register: yes", "register", "remove the key"),
        ("caller_id: national-0", "caller_id", "remove the key"),
        ("number: national", "number", "remove the key"),
        ("srtp: yes\ntransport: tcp", "srtp", "write transport: tls"),
        ("account_sid: a.b", "account_sid", "one part of a host name"),
        ("port: 5060", "port", "is not a key of this provider"),
    ],
)
def test_settings_that_exotel_refuses_are_refused(problems, line, path, remedy):
    assert remedy in problems("exotel", *line.split("\n"))[path]


def test_exotel_needs_its_exophones(tmp_path):
    text = YAML["exotel"].replace('numbers: ["+918047491899"]\n', "")
    with pytest.raises(ConfigError, match="add the ExoPhones"):
        settings_of(tmp_path, text)


# --- Twilio


def test_twilio_is_reached_at_its_edge_over_tls_with_srtp(loaded):
    trunk = build(loaded("twilio"))
    assert trunk.address == "acme.pstn.singapore.twilio.com:5061"
    text = trunk.pjsip()
    assert "media_encryption = sdes\n" in text
    assert "allow = ulaw,alaw\n" in text
    assert "match = 54.169.127.128/30\n" in text
    assert [str(network) for network in trunk.media] == ["168.86.128.0/18"]
    assert trunk.own_refusals == {603}


def test_twilio_without_security_is_plain_udp(tmp_path):
    (settings,) = settings_of(tmp_path, YAML["twilio"].replace("secure: yes", "secure: no"))
    assert build(settings).address == "acme.pstn.singapore.twilio.com:5060"
    assert "media_encryption = no\n" in build(settings).pjsip()


@pytest.mark.parametrize(
    ("line", "path", "remedy"),
    [
        ("transport: udp", "secure", "write secure: no"),
        ("srtp: no", "secure", "write secure: no"),
        ("register: yes", "register", "remove the key"),
        ("edge: mumbai", "edge", "must be one of ashburn"),
    ],
)
def test_settings_that_twilio_refuses_are_refused(problems, line, path, remedy):
    assert remedy in problems("twilio", line)[path]


# --- Rules of every trunk


@pytest.mark.parametrize(
    ("lines", "path", "remedy"),
    [
        (["register: yes"], "username", "write register: no"),
        (["password: p"], "password", "add it"),
        (["username: alice"], "username", "add it"),
        (["username: alice@example.org"], "username", "belongs to domain"),
        (["srtp: yes"], "srtp", "write transport: tls"),
        (['prefix: "12"'], "prefix", "write number: e164-plain"),
        (["identity_host: 10.9.0.7"], "identity_host", "write identity: pai or ppi"),
        (["codecs: [alaw, alaw]"], "codecs", "none twice"),
        (["options: {every_s: 2}"], "options.timeout_s", "less than every_s"),
        (["options: maybe"], "options", "must be no, or a mapping"),
        (["headers: {From: a}"], "headers.From", "use the keys of the trunk"),
        (["headers: {X-A: 'a, b'}"], "headers.X-A", "without , quotes and brackets"),
        (["proxy: '10.9.0.1:99999'"], "proxy", "written as 10.60.1.10:5060"),
        (["sources: [0.0.0.0/0]"], "sources[0]", "would lead other traffic"),
        (["realm: 'a\"b'"], "realm", "without quotes"),
        (["password: ' p'", "username: u"], "password", "must not begin or end with a blank"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_remedy(problems, lines, path, remedy):
    assert remedy in problems("sip", *lines)[path]


@pytest.mark.parametrize(("word", "every_s"), [("yes", 30), ("{every_s: 5, timeout_s: 1}", 5), ("no", None)])
def test_options_are_yes_no_or_a_rhythm(loaded, word, every_s):
    options = loaded("sip", f"options: {word}").options
    assert (options and options.every_s) == every_s


def test_page_of_the_keys_is_that_of_the_providers():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tools/write_trunk_keys.py"

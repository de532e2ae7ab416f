"""What is allowed and yet looks like a mistake."""

from exoswitch.config.advice import warnings

ELSEWHERE = "host: 10.0.1.5}"


def told(config):
    return {problem.path: problem.text for problem in warnings(config)}


def test_nothing_is_said_of_a_configuration_on_one_machine(read, good):
    assert told(read(good)) == {}


def test_audio_of_a_distant_asterisk_needs_an_address_that_it_can_reach(read, good):
    found = told(read(good.replace("host: 127.0.0.1}", ELSEWHERE, 1) + "rtp: {bind: 127.0.0.1}\n"))
    assert found["rtp.advertise"] == "is 127.0.0.1, where pbx1 cannot send audio; give ours"
    assert found["rtp.bind"].startswith("is 127.0.0.1, where no audio of pbx1 can arrive")


def test_http_on_every_interface_is_pointed_out(read, good):
    assert "TLS proxy" in told(read(good + "http: tcp:8080\n"))["http"]
    assert told(read(good + "http: unix:/run/exoswitch/http\n")) == {}


def test_two_programs_on_one_host_need_ranges_of_their_own(read, good):
    found = told(read(good.replace("name: pbx1", "name: pbx1, rtp_ports: 20000-29999")))
    assert found == {
        "asterisks[0].rtp_ports": "overlaps with rtp.ports on the same host; give each program a range of its own"
    }


def test_gateway_without_trunks_and_accounts_is_idle(read, good):
    assert told(read(good[: good.index("trunks:")])).keys() == {"trunks", "accounts"}


def test_sessions_that_a_fleet_does_not_share_are_pointed_out(read, good):
    fleet = good + "cluster: redis://127.0.0.1/0\n"
    assert "no other can go on with its calls" in told(read(fleet))["sessions"]
    assert told(read(fleet + "sessions: postgresql://exo@127.0.0.1/exo\n")) == {}


def test_calls_that_nobody_can_be_handed_are_pointed_out(read, good):
    assert "nobody takes the calls" in told(read(good + "gateway: {on_stop: hand-over}\n"))["gateway.on_stop"]

"""Rendering Asterisk's configuration. This command writes etc/asterisk again:

EXOSWITCH_UPDATE_GOLDEN=1 pytest tests/asterisk/test_render.py
"""

import configparser
import os
import stat
from pathlib import Path

import pytest
from attrs import evolve

from exoswitch.ami.filters import WANTED_EVENTS
from exoswitch.ami.names import NO_CONTEXT
from exoswitch.asterisk.dialplan import UNCLAIMED_S
from exoswitch.asterisk.folder import write
from exoswitch.asterisk.render import render
from exoswitch.config.loader import load
from exoswitch.config.model import AsteriskConfig, CallsConfig, Config
from exoswitch.errors import ConfigError
from exoswitch.trunks.registry import SETTINGS, build
from exoswitch.trunks.sip import SipSettings

ETC = Path(__file__).parents[2] / "etc"
ENVIRON = {"AMI_SECRET": "change-me", "ACME_TOKEN": "change-me", "BOT_PASSWORD": "change-me"}


def pbx(**changes):
    settings = {
        "name": "pbx1",
        "ami": "tcp:10.0.1.5:5038",
        "username": "exoswitch",
        "secret": "s",
        "host": "10.0.1.5",
    }
    return AsteriskConfig(**settings | changes)


def rendered(asterisk=None, *, trunks=(), etc_dir="/etc/asterisk", state_dir=None, **settings):
    asterisk = asterisk or pbx()
    return render(Config(asterisks=(asterisk,), **settings), asterisk, trunks, etc_dir=etc_dir, state_dir=state_dir)


def problems_of(asterisk=None, **settings):
    with pytest.raises(ConfigError) as refused:
        rendered(asterisk, **settings)
    return {problem.path: problem.text for problem in refused.value.problems}


def values(text):
    """Read a rendered file with a standard parser, which keeps the last of repeated sections and keys."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=(";",))
    parser.optionxform = str
    parser.read_string(text)
    return parser


def written(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


# --- the whole folder


def test_reference_configuration_renders_to_etc_asterisk():
    config = load(ETC / "exoswitch.yaml", SETTINGS, ENVIRON)
    config = evolve(config, rtp=evolve(config.rtp, advertise="10.0.0.5"))  # for a sample of two servers
    trunks = [build(trunk) for trunk in config.trunks]
    files = render(config, config.asterisks[0], trunks, etc_dir="/etc/asterisk")
    golden = ETC / "asterisk"
    if os.environ.get("EXOSWITCH_UPDATE_GOLDEN"):
        for name, text in files.items():
            (golden / name).parent.mkdir(parents=True, exist_ok=True)
            (golden / name).write_text(text)
    assert written(golden) == files


def test_files_with_secrets_are_private(tmp_path):
    folder = tmp_path / "deep" / "etc"
    write(folder, rendered())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert {name for name, mode in modes.items() if mode == 0o600} == {"manager.conf", "pjsip.conf"}


def test_writing_again_replaces_the_files_and_keeps_others(tmp_path):
    (tmp_path / "manager.conf").write_text("old")
    (tmp_path / "musiconhold.conf").write_text("the operator's own")
    write(tmp_path, rendered())
    assert (tmp_path / "manager.conf").read_text() == rendered()["manager.conf"]
    assert stat.S_IMODE((tmp_path / "manager.conf").stat().st_mode) == 0o600
    assert (tmp_path / "musiconhold.conf").read_text() == "the operator's own"
    assert written(tmp_path).keys() == {*rendered(), "musiconhold.conf"}


# --- folders


def test_folders_are_those_of_the_distribution_without_a_state_dir():
    assert dict(values(rendered()["asterisk.conf"])["directories"]) == {"astetcdir": "/etc/asterisk"}


def test_state_dir_holds_all_that_asterisk_writes():
    directories = values(rendered(etc_dir="/mnt/etc", state_dir="/mnt/state")["asterisk.conf"])["directories"]
    assert directories.pop("astetcdir") == "/mnt/etc"
    assert {path.rpartition("/")[0] for path in directories.values()} == {"/mnt/state"}
    assert {"astrundir", "astlogdir", "astspooldir", "astdbdir"} <= directories.keys()


@pytest.mark.parametrize("folder", ["relative", "/a b", "/a;b", "/a\nb"])
def test_folder_that_asterisk_conf_cannot_hold_is_refused(folder):
    assert problems_of(etc_dir=folder, state_dir=folder).keys() == {"--etc-dir", "--state-dir"}


# --- AMI


def test_ami_listens_where_the_gateway_connects():
    general = values(rendered(pbx(ami="tcp:host=10.0.1.5:port=5039:timeout=3"))["manager.conf"])["general"]
    assert (general["bindaddr"], general["port"]) == ("10.0.1.5", "5039")
    general = values(rendered(pbx(ami="tcp:fd00\\:\\:5:5038"))["manager.conf"])["general"]
    assert (general["bindaddr"], general["port"]) == ("fd00::5", "5038")


def test_ami_at_a_host_name_listens_on_the_address_of_host():
    general = values(rendered(pbx(ami="tcp:pbx1.example.org:5038"))["manager.conf"])["general"]
    assert general["bindaddr"] == "10.0.1.5"


def test_ami_over_tls_keeps_plain_ami_on_the_loopback_interface():
    general = values(rendered(pbx(ami="tls:10.0.1.5:5039"))["manager.conf"])["general"]
    assert (general["bindaddr"], general["tlsbindaddr"]) == ("127.0.0.1", "10.0.1.5:5039")
    assert general["tlscertfile"] == "/etc/asterisk/manager.pem"


def test_gateway_may_not_run_commands_of_asterisks_console():
    user = values(rendered()["manager.conf"])["exoswitch"]
    assert user["write"] == "system,call,agi,originate,reporting"
    assert "command" not in user["read"]


def test_semicolon_in_a_secret_does_not_start_a_comment():
    assert "secret = a\\;b\\;--c\n" in rendered(pbx(secret="a;b;--c"))["manager.conf"]


def test_every_event_of_the_gateway_passes_the_filters():
    text = rendered()["manager.conf"]
    assert {event for event in WANTED_EVENTS if f"\neventfilter(name({event})" in text} == WANTED_EVENTS
    assert "eventfilter(name(VarSet),header(Variable),method(starts_with)) = UNICASTRTP_LOCAL_\n" in text
    assert text.count("eventfilter(name(") == len(WANTED_EVENTS)


def test_event_that_a_callers_text_cuts_in_two_is_not_sent():
    text = rendered()["manager.conf"]
    assert "\neventfilter(action(exclude),method(regex)) = [[:cntrl:]]{4}[^[:cntrl:]]\n" in text


def test_ami_that_asterisk_cannot_listen_on_is_refused_by_its_place_in_the_file():
    second = pbx(name="pbx2", ami="unix:/run/ami")
    with pytest.raises(ConfigError, match="tcp:HOST:PORT") as refused:
        render(Config(asterisks=(pbx(), second)), second, (), etc_dir="/etc/asterisk")
    assert [problem.path for problem in refused.value.problems] == ["asterisks[1].ami"]


def test_all_problems_are_given_at_once():
    found = problems_of(pbx(ami="ssl:10.0.1.5:5039"), etc_dir="here")
    assert found.keys() == {"asterisks[0].ami", "--etc-dir"}


# --- audio


def test_rtp_range_is_inclusive_in_rtp_conf():
    general = values(rendered(pbx(rtp_ports=range(10000, 20000)))["rtp.conf"])["general"]
    assert (general["rtpstart"], general["rtpend"]) == ("10000", "19999")


def test_asterisk_refuses_calls_beyond_its_rtp_ports():
    options = values(rendered(pbx(capacity=90, rtp_ports=range(10000, 10400)))["asterisk.conf"])["options"]
    assert options["maxcalls"] == "100"


def test_modules_of_unicast_rtp_are_loaded_in_order():
    text = rendered()["modules.conf"]
    assert text.index("res_rtp_asterisk.so") < text.index("res_rtp_multicast.so") < text.index("chan_rtp.so")


def test_sound_that_bridge_plays_is_in_the_folder_and_can_be_read():
    files = rendered(etc_dir="/opt/pbx1")
    name = values(files["features.conf"])["general"]["xfersound"].removeprefix("/opt/pbx1/")
    assert len(files[f"{name}.sln"]) == 2 * 160
    assert "format_sln.so" in files["modules.conf"]


# --- calls


def test_every_trunk_has_its_sections():
    trunks = tuple(build(SipSettings(name=name, provider="sip", host="10.9.0.1")) for name in ("one", "two"))
    text = rendered(trunks=trunks)["pjsip.conf"]
    assert (text.count("[one]\n"), text.count("[two]\n")) == (3, 3)
    assert "bind = 0.0.0.0:5060\n" in text


def test_carriers_on_the_internet_see_the_public_address_and_those_of_a_vpn_do_not():
    text = rendered(pbx(public_address="198.51.100.7"))["pjsip.conf"]
    assert text.count("external_signaling_address = 198.51.100.7\nexternal_media_address = 198.51.100.7\n") == 3
    assert text.count("local_net = 10.0.0.0/8\n") == 3
    assert "external_" not in rendered()["pjsip.conf"]


def test_asterisk_ends_a_call_a_minute_after_its_longest_duration():
    text = rendered(calls=evolve(CallsConfig(), max_duration_s=100.5))["extensions.conf"]
    assert "s,1,Set(TIMEOUT(absolute)=161)" in text


def test_asterisk_soon_ends_a_call_that_no_gateway_claims():
    assert f"!,1,Set(TIMEOUT(absolute)={UNCLAIMED_S})" in rendered()["extensions.conf"]


def test_texts_of_a_caller_are_cleaned_before_any_gateway_hears_of_the_call():
    text = rendered()["extensions.conf"].partition("[exoswitch-inbound]\n")[2]
    inbound, _, waiting = text.partition("[exoswitch-waiting]\n")
    assert inbound.split("\n")[:4] == [
        "exten => _[+0-9].,1,Set(CALLERID(num)=${FILTER(+*#._0-9A-Za-z,${CALLERID(num)})})",
        " same => n,Set(CALLERID(name)=)",
        ' same => n,GotoIf($["${FILTER(+0-9,${EXTEN})}" = "${EXOSWITCH_PILOT}"]?pilot)',
        " same => n,Goto(exoswitch-waiting,${FILTER(+0-9,${EXTEN})},1)",
    ]
    assert ("AGI" in inbound, "AGI(agi:async)" in waiting) == (False, True)


def test_number_is_cut_at_its_user_part_parameters():
    assert "ignore_uri_user_options = yes\n" in rendered()["pjsip.conf"]


def test_far_end_can_neither_redirect_nor_transfer_a_call():
    trunk = build(SipSettings(name="one", provider="sip", host="10.9.0.1"))
    files = rendered(trunks=(trunk,))
    assert "allow_transfer = no\n" in files["pjsip.conf"]
    assert f"set_var = FORWARD_CONTEXT={NO_CONTEXT}\n" in files["pjsip.conf"]
    assert f"[{NO_CONTEXT}]" not in files["extensions.conf"]


def test_far_end_cannot_put_its_text_into_events_during_a_call():
    trunk = build(SipSettings(name="one", provider="sip", host="10.9.0.1"))
    assert "trust_connected_line = no\n" in rendered(trunks=(trunk,))["pjsip.conf"]


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        (
            {"full_message": "all-circuits-busy-now", "full_tone": "busy", "full_tone_s": 2.5},
            ["Playback(all-circuits-busy-now,noanswer)", "Playtones(busy)", "Wait(2.5)"],
        ),
        ({"full_tone_s": 4.0}, ["Playtones(congestion)", "Wait(4)"]),
        ({"full_tone": "none"}, []),
    ],
)
def test_caller_of_a_full_gateway_hears_the_configured_message_and_tone(settings, steps):
    text = rendered(calls=CallsConfig(**settings))["extensions.conf"]
    heard = text.partition("[exoswitch-full]")[2].split("same => n,")[1:]
    assert [step.strip() for step in heard] == ["Progress()", *steps, "Hangup(34)"]

"""`exoswitch trunks apply` at a real Asterisk: it takes new and changed trunks during calls, and proves it."""

import subprocess
import sys

import pytest

from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.digest import Digest
from tests.harness.carrier.registrar import Registrar
from tests.harness.carrier.rig import EXOPHONE, asterisk_section, gateway_file, loaded
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_root import asterisk_root
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.phone import Phone
from tests.harness.e2e.ports import free_port
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

CALLS = 50
AT_ONCE = 10
USER, PASSWORD, DOMAIN = "+914024001355", "a-password-of-the-carrier", "ap.siptrunk.ims.bsnl.in"


@pytest.fixture(scope="module")
def phone():
    with Phone() as the_phone:
        yield the_phone


@pytest.fixture(scope="module")
def carrier(phone):
    with Carrier() as started:
        for number, name in enumerate(("old", "new", "quiet"), 2):
            started.add(CarrierTrunk(name, f"127.0.0.{number}", free_port(), started.records))
        started.trunks["new"].registrar = Registrar(Digest(USER, PASSWORD, "ims.example"))
        started.trunks["old"].media_host = phone.host
        started.trunks["old"].phone = phone
        yield started
        assert started.errors == []


def static(carrier, name, **more):
    at = carrier.trunks[name]
    return {"name": name, "provider": "sip", "host": at.host, "port": at.port, **more}


def registering(carrier, **more):
    at = carrier.trunks["new"]
    return {
        "name": "new",
        "provider": "bsnl",
        "proxy": f"{at.host}:{at.port}",
        "domain": DOMAIN,
        "username": USER,
        "password": PASSWORD,
        "numbers": [EXOPHONE],
        **more,
    }


@pytest.fixture(scope="module")
def pbx():
    return asterisk_section()


@pytest.fixture(scope="module")
def live(carrier, pbx, tmp_path_factory):
    """An Asterisk with the trunks `old` and `quiet`."""
    folder = tmp_path_factory.mktemp("live")
    trunks = [static(carrier, "old", codecs=["ulaw"]), static(carrier, "quiet")]
    file = gateway_file(folder, pbx, trunks, bot_port=1)
    with AsteriskServer(asterisk_root(), folder / "asterisk", loaded(file)) as server:
        yield server


@pytest.fixture
def configured(carrier, pbx, tmp_path):
    def write(*trunks, **changes):
        return gateway_file(tmp_path, {**pbx, **changes}, list(trunks), bot_port=1)

    return write


def apply(file, *words, timeout_s=30):
    command = [sys.executable, "-c", "from exoswitch.cli import main; raise SystemExit(main())", "trunks", "apply"]
    words = (str(file), *map(str, words), "--timeout", str(timeout_s))
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False, timeout=90)


def etc(live):
    return live.folder / "etc"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def rows(told):
    lines = told.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("trunk "))
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[start + 1 :] if not line.startswith("!")}


def talk(ami, gateway):
    for number in range(CALLS):
        ami.ask(
            "Originate",
            Channel=f"PJSIP/+9198100000{number:02}@old",
            Context="exoswitch-bridge",
            Exten="s",
            Priority=1,
            Async="true",
            ChannelId=f"kept-{number:02}",  # none is the beginning of another one
            Variable=f"EXOSWITCH_LEG=UnicastRTP/{gateway.host}:{gateway.port}/c(ulaw)",
        )
        if number % AT_ONCE == AT_ONCE - 1:  # All at once would be too many for a busy machine.
            up = 2 * (number + 1)
            eventually(lambda up=up: len(ami.channels()) == up, lambda: f"{len(ami.channels())} channels")


def test_trunks_are_added_changed_and_removed_during_calls_and_no_call_is_dropped(live, carrier, configured, phone):
    before = contents(etc(live))
    file = configured(static(carrier, "old", codecs=["ulaw", "alaw"]), registering(carrier))
    phone.play_tone(700)
    with Phone() as gateway, live.login() as ami:
        gateway.echo()
        talk(ami, gateway)
        up = {channel["Uniqueid"] for channel in ami.channels()}
        told = apply(file, "--out", etc(live))
        assert (told.returncode, told.stderr) == (0, "")
        gateway.wait_for_packets(CALLS * 25)
        assert {channel["Uniqueid"] for channel in ami.channels()} == up
        assert f"{2 * CALLS} channels are up" in told.stdout
        assert ami.named("Hangup") == []
        assert sorted(
            entry["ObjectName"] for entry in ami.ask_list("PJSIPShowEndpoints", "EndpointListComplete")
        ) == [
            "new",
            "old",
        ]
        for channel in sorted(up):
            if channel.startswith("kept-"):
                ami.ask("Hangup", Channel=channel)
        ami.wait_until_idle()
    assert rows(told)["new"].startswith("present   registered    answered")
    assert rows(told)["old"].startswith("present   not needed    answered")
    assert carrier.trunks["new"].registrar.is_registered
    assert "+password = (secret " in told.stdout
    assert PASSWORD not in told.stdout
    changed = {name for name, text in contents(etc(live)).items() if before.get(name) != text}
    assert {name for name in changed if "/" not in name} == {"manager.conf", "pjsip.conf"}


def test_files_that_are_copied_by_hand_are_reloaded_and_proved(live, carrier, configured):
    file = configured(static(carrier, "old"), registering(carrier))
    told = apply(file, "--reload-only")
    assert told.returncode == 1
    assert "Asterisk does not have this pjsip.conf after the reload" in told.stderr
    assert apply(file, "--out", etc(live)).returncode == 0
    told = apply(file, "--reload-only")
    assert (told.returncode, set(rows(told))) == (0, {"old", "new"})


def test_trunk_that_does_not_answer_or_register_is_told_after_the_time(live, carrier, configured):
    carrier.trunks["quiet"].options = 0
    carrier.trunks["new"].registrar.refusal = (403, "Forbidden")
    try:
        file = configured(static(carrier, "quiet"), registering(carrier, auth_username="other", expires=400))
        told = apply(file, "--out", etc(live), timeout_s=4)
    finally:
        carrier.trunks["quiet"].options = 200
        carrier.trunks["new"].registrar.refusal = None
    assert told.returncode == 1
    assert rows(told)["quiet"] == "present   not needed    NO ANSWER"
    assert rows(told)["new"].startswith("present   REJECTED")


def test_file_that_asterisk_cannot_read_is_taken_back(live, carrier, configured):
    assert apply(configured(static(carrier, "old")), "--out", etc(live)).returncode == 0
    before = contents(etc(live))
    elsewhere = live.folder / "another-etc"  # a folder that this Asterisk does not read
    elsewhere.mkdir()
    for name, text in before.items():
        if "/" not in name:
            (elsewhere / name).write_text(text)
    kept = contents(elsewhere)
    told = apply(configured(static(carrier, "old"), static(carrier, "quiet")), "--out", elsewhere)
    assert told.returncode == 1
    assert f"the former files are back in {elsewhere}/" in told.stderr
    assert contents(elsewhere) == kept
    assert contents(etc(live)) == before


def test_asterisk_that_cannot_be_reached_changes_nothing(live, carrier, configured):
    before = contents(etc(live))
    told = apply(
        configured(static(carrier, "quiet"), ami=f"tcp:127.0.0.1:{free_port()}"), "--out", etc(live), timeout_s=1
    )
    assert told.returncode == 1
    assert "nothing was changed" in told.stderr
    assert contents(etc(live)) == before


def test_changed_transport_is_said_to_need_a_restart(live, carrier, configured, pbx):
    host = pbx["sip"].partition(":")[0]
    told = apply(configured(static(carrier, "old"), sip=f"{host}:{free_port()}"), "--out", etc(live))
    assert told.returncode == 1
    assert "! [udp] in pjsip.conf has changed, and Asterisk reads it only when it starts" in told.stdout

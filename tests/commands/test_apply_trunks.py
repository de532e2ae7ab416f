"""`exoswitch trunks apply` where Asterisk refuses, or is lost in the middle; a real one is in tests/e2e."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from exoswitch.ami.message import AmiMessage
from exoswitch.asterisk.live_folder import LiveFolder
from exoswitch.asterisk.pjsip import revision_of
from exoswitch.asterisk.render import render
from exoswitch.commands import apply_trunks
from exoswitch.commands.apply_trunks import Application
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import BackendUnavailable, TrunkRefused
from exoswitch.trunks.registry import SETTINGS, build

PBX = AsteriskConfig(name="pbx1", ami="tcp:10.0.1.5:5038", username="exoswitch", secret="s", host="10.0.1.5")
OLD, NEW = (
    build(SETTINGS["sip"](name=name, provider="sip", host="10.9.0.1", options=None)) for name in ("old", "new")
)


def rendered(*trunks):
    return render(Config(asterisks=(PBX,)), PBX, trunks, etc_dir="/etc/asterisk")


@define
class Ami:
    """What the command asks of a connection; `reads` is the folder that Asterisk reads."""

    reads: dict[str, str]
    refuses: bool = False
    is_lost: bool = False
    reloaded: list[str] = field(factory=list)

    def command(self, message: AmiMessage) -> Deferred[AmiMessage]:
        self.reloaded.append(message.get("Module"))
        return (
            fail(TrunkRefused("Asterisk pbx1 refused Reload: Permission denied"))
            if self.refuses
            else succeed(message)
        )

    def collect(self, message: AmiMessage, end: str) -> Deferred[list[AmiMessage]]:
        assert end.endswith("Complete")
        if message.get("Action") == "PJSIPShowAors":
            return succeed([listed("AorList", revision_of(self.reads["pjsip.conf"]))])
        if self.is_lost:
            return fail(BackendUnavailable("Asterisk pbx1 is not connected"))
        return succeed([listed("EndpointList", "new")] if message.get("Action") == "PJSIPShowEndpoints" else [])


def listed(event, name):
    return AmiMessage((("Event", event), ("ObjectName", name)))


@pytest.fixture
def live(tmp_path):
    for name, text in rendered(OLD).items():
        if "/" not in name:
            (tmp_path / name).write_text(text)
    return tmp_path


def applied(live, ami):
    files = rendered(NEW)
    application = Application(pbx=PBX, trunks=(NEW,), files=files, live=LiveFolder.of(live, files), timeout_s=5.0)
    return Deferred.fromCoroutine(apply_trunks._apply(application, ami, Clock(), calls=7))


def outcome(deferred):
    results = []
    deferred.addBoth(results.append)
    return results[0]


def pjsip(live):
    return (live / "pjsip.conf").read_text()


def test_new_trunk_is_written_reloaded_and_proved(live, capsys):
    ami = Ami(reads=rendered(NEW))
    assert outcome(applied(live, ami)) == 0
    assert pjsip(live) == rendered(NEW)["pjsip.conf"]
    assert ami.reloaded == ["res_pjsip.so"]
    assert "new    present   not needed    not asked" in capsys.readouterr().out


def test_former_files_come_back_if_asterisk_refuses_the_reload(live, capsys):
    assert outcome(applied(live, Ami(reads=rendered(NEW), refuses=True))) == 1
    assert pjsip(live) == rendered(OLD)["pjsip.conf"]
    told = capsys.readouterr().err
    assert "refused Reload: Permission denied" in told
    assert f"the former files are back in {live}/" in told


def test_former_files_come_back_and_are_reloaded_if_asterisk_has_another_file(live, capsys):
    ami = Ami(reads=rendered(OLD))
    assert outcome(applied(live, ami)) == 1
    assert pjsip(live) == rendered(OLD)["pjsip.conf"]
    assert ami.reloaded == ["res_pjsip.so", "res_pjsip.so"]
    assert "does not have this pjsip.conf after the reload" in capsys.readouterr().err


def test_link_that_is_lost_after_the_reload_leaves_the_new_files(live):
    failure = outcome(applied(live, Ami(reads=rendered(NEW), is_lost=True)))
    failure.trap(BackendUnavailable)
    assert pjsip(live) == rendered(NEW)["pjsip.conf"]

"""`exoswitch trunks check`, with simulated Asterisks."""

import pytest

from exoswitch.commands.check_trunks import check
from exoswitch.config.model import AsteriskConfig
from exoswitch.sim.asterisk import SimulatedAsterisk
from exoswitch.sim.trunks import parse_trunk
from exoswitch.trunks.bsnl import BsnlSettings
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings

pytestmark = pytest.mark.loopback

LAB = build(SipSettings(name="lab", provider="sip", host="10.9.0.1"))
BSNL = build(
    BsnlSettings(
        name="bsnl1",
        provider="bsnl",
        proxy="10.60.1.10",
        domain="ap.siptrunk.ims.bsnl.in",
        username="+914024001355",
        password="hush",
        numbers=("+914024001350",),
    )
)


@pytest.fixture
def pbx(reactor, serve):
    """Start an Asterisk with these trunks; give its configuration."""

    def start(name="pbx1", **trunks):
        asterisk = serve(
            SimulatedAsterisk(reactor=reactor, trunks=[parse_trunk(one, text) for one, text in trunks.items()])
        )
        return AsteriskConfig(
            name=name, ami=asterisk.endpoint, username="exoswitch", secret=asterisk.secret, host="127.0.0.1"
        )

    return start


async def test_trunks_that_are_well_are_shown(pbx, reactor, capsys):
    assert await check([pbx(lab="rtt=0.02", bsnl1="registered")], [LAB, BSNL], reactor, 1.0) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Asterisk pbx1:",
        "trunk  endpoint  registration  OPTIONS",
        "lab    present   not needed    answered in 20 ms",
        "bsnl1  present   registered    answered in 20 ms",
    ]


async def test_each_fault_has_a_remedy(pbx, reactor, capsys):
    assert await check([pbx(lab="unreachable", bsnl1="rejected")], [LAB, BSNL], reactor, 0.5) == 1
    shown = capsys.readouterr().out
    assert "! lab: nothing comes back from 10.9.0.1:5060: check the route" in shown
    assert "! bsnl1: compare username, auth_username, password" in shown


async def test_each_asterisk_is_asked_also_after_one_that_does_not_answer(pbx, reactor, capsys):
    gone = AsteriskConfig(name="gone", ami="tcp:127.0.0.1:1", username="u", secret="hush", host="127.0.0.1")
    assert await check([gone, pbx(lab="rtt=0.02")], [LAB], reactor, 1.0) == 1
    told = capsys.readouterr()
    assert "Asterisk gone cannot be reached" in told.err
    assert "lab    present" in told.out


async def test_trunk_that_asterisk_does_not_have_is_missing(pbx, reactor, capsys):
    assert await check([pbx(lab="rtt=0.02"), pbx("empty")], [LAB, BSNL], reactor, 0.5) == 1
    shown = capsys.readouterr().out
    assert shown.count("! bsnl1: Asterisk does not have it: run exoswitch trunks apply") == 2

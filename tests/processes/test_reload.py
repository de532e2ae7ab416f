"""`exoswitch reload` and SIGHUP, with a gateway that has calls."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread

from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.bot import SimulatedBot
from tests.harness.program import HOST, Program, config_of
from tests.processes.test_program import place, ready, written

pytestmark = pytest.mark.loopback

CALLS = 50
PROGRAM = "import sys; from exoswitch.cli import main; sys.exit(main())"


@pytest.fixture
def asterisk(reactor, serve):
    return serve(SimulatedAsterisk(reactor=reactor, script=read_script("answer babble=60")))


@pytest.fixture
def bot(reactor, serve):
    return serve(SimulatedBot(reactor=reactor, behaviour=parse_behaviour("silent")))


@pytest.fixture
def program(tmp_path, asterisk, bot):
    trunk = {"name": "lab", "provider": "sip", "host": HOST, "channels": 100, "cps": 100}
    more = {"trunks": [trunk], "streams": {"chunk_ms": 200}, "calls": {"max_duration_s": 300}}
    config = config_of(asterisk, bot.url, gateway={"capacity": 60, "stop_wait_s": 0}, **more)
    one = Program(tmp_path, config | {"rtp": config["rtp"] | {"quarantine_s": 0}})
    yield one
    one.end()


def write(program, **changed):
    program.config |= changed
    (program.folder / "gateway.yaml").write_text(json.dumps(program.config))


def command(program, *words):
    return deferToThread(
        subprocess.run,
        [sys.executable, "-c", PROGRAM, *words, "gateway.yaml"],
        cwd=program.folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def trunk_of(call):
    return call._call.channel.name.partition("-")[0]


async def test_reload_drops_none_of_fifty_calls(program, asterisk, bot, reactor):
    program.start()
    await ready(reactor, program)
    calls = await gatherResults([Deferred.fromCoroutine(place(program, asterisk)) for _ in range(CALLS)])
    streams = [await bot.streams.next() for _ in range(CALLS)]

    (lab,) = program.config["trunks"]
    app = {"account": "acme1", "url": f"{bot.url}?lang=hi"}
    write(program, trunks=[lab | {"name": "other"}], apps={"1001": app}, node="gw7")
    done = await command(program, "reload")
    assert (done.returncode, done.stderr) == (0, "")
    assert "not taken: node. Restart the gateway for it" in done.stdout
    assert "taken: trunks (new: other; removed: lab), apps (changed: 1001)" in done.stdout
    call = await place(program, asterisk)
    stream = await bot.streams.next()
    assert (trunk_of(call), stream.uri.partition("?")[2]) == ("PJSIP/other", "lang=hi")

    write(program, trunks=[{"name": "other"}])
    refused = await command(program, "reload")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "trunks[0].provider: is missing" in refused.stderr
    program.process.send_signal(signal.SIGHUP)
    await written(reactor, program, "cannot be used: nothing was changed")
    call = await place(program, asterisk)
    assert trunk_of(call) == "PJSIP/other"

    assert [one for one in calls if one.is_over] == []
    assert [one for one in streams if tuple(one.closed)] == []
    program.process.send_signal(signal.SIGTERM)
    assert await deferToThread(program.process.wait, 20) == 0
    assert "Traceback" not in program.output


async def test_trunks_of_a_running_gateway_are_listed(program, asterisk, reactor):
    program.start()
    await ready(reactor, program)
    await place(program, asterisk)
    (lab,) = json.loads((await command(program, "trunks", "list", "--json")).stdout)["trunks"]
    assert (lab["name"], lab["where"], lab["channels"]) == ("lab", f"{HOST}:5060", 100)
    listed = await command(program, "trunks", "list")
    assert listed.stdout.startswith("TRUNK  PROVIDER  WHERE")
    assert listed.returncode == 0


async def test_sighup_takes_the_changed_file(program, asterisk, reactor):
    program.start()
    await ready(reactor, program)
    (lab,) = program.config["trunks"]
    write(program, trunks=[lab | {"weight": 3}])
    program.process.send_signal(signal.SIGHUP)
    await written(reactor, program, "reload: taken: trunks (changed: lab)")
    program.process.send_signal(signal.SIGTERM)
    assert await deferToThread(program.process.wait, 20) == 0


async def test_command_without_a_gateway_says_so(program):
    write(program)
    done = await command(program, "reload")
    assert done.returncode == 1
    assert "no gateway with the journal" in done.stderr

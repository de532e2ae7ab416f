"""`twistd exoswitch` as an operator starts it, tells it to stop, and moves its log."""

import signal
import socket

import pytest
import treq
from twisted.internet.error import ConnectionRefusedError  # noqa: A004 - Twisted gives the name
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.bot import SimulatedBot
from tests.harness.program import HOST, Program, config_of

pytestmark = pytest.mark.loopback


@pytest.fixture
def asterisk(reactor, serve):
    return serve(SimulatedAsterisk(reactor=reactor, script=read_script("answer babble=60")))


@pytest.fixture
def make(tmp_path):
    made = []

    def program(config):
        made.append(Program(tmp_path, config))
        return made[-1]

    yield program
    for one in made:
        one.end()


@pytest.fixture
def taken_port():
    with socket.create_server((HOST, 0)) as taken:
        yield taken.getsockname()[1]


class Unstarted:
    """An Asterisk that nobody calls."""

    endpoint, username, secret = "tcp:127.0.0.1:1", "exoswitch", "secret"


@pytest.mark.parametrize("options", [("-n",), ()], ids=["foreground", "daemon"])
def test_taken_http_port_is_told_on_the_terminal_and_ends_the_program(make, taken_port, options):
    program = make(config_of(Unstarted, http=f"tcp:{taken_port}:interface={HOST}"))
    ended = program.run(*options)
    assert ended.returncode == 1
    assert f"http: {HOST}:{taken_port} cannot be used" in ended.stderr
    log = program.folder / "twistd.log"
    assert "Traceback" not in ended.stderr + (log.read_text() if log.exists() else "")


@pytest.mark.parametrize("option", ["pidfile", "logfile"])
def test_file_that_cannot_be_written_is_told_without_a_traceback(make, option):
    ended = make(config_of(Unstarted)).run("-n", f"--{option}=/nowhere/of/that/name")
    assert ended.returncode == 1
    assert "cannot write /nowhere/of/that/name" in ended.stderr
    assert f"--{option}=FILE" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_second_request_to_stop_hangs_up_the_calls_at_once(make, asterisk, serve, reactor):
    bot = serve(SimulatedBot(reactor=reactor))
    program = make(config_of(asterisk, bot.url, gateway={"stop_wait_s": 300}))
    program.start()
    await ready(reactor, program)
    call = await place(program, asterisk)
    await bot.streams.next()
    program.process.send_signal(signal.SIGINT)
    await written(reactor, program, "a second SIGINT hangs up all calls")
    assert not call.is_over
    program.process.send_signal(signal.SIGINT)
    await call.ended.next()
    assert await deferToThread(program.process.wait, 20) == 0
    assert "SIGINT again: 1 calls are hung up now" in program.output
    assert "Traceback" not in program.output


async def test_moved_log_file_is_opened_again(make, asterisk, reactor, tmp_path):
    program = make(config_of(asterisk))
    program.start("--logfile=gateway.log")
    await ready(reactor, program)
    (tmp_path / "gateway.log").rename(tmp_path / "gateway.log.old")
    program.process.send_signal(signal.SIGHUP)
    await written(reactor, program, "SIGHUP: opened", file="gateway.log")
    program.process.send_signal(signal.SIGTERM)
    assert await deferToThread(program.process.wait, 20) == 0


async def test_signals_of_log_rotation_do_not_end_a_program_without_a_log_file(make, asterisk, reactor):
    program = make(config_of(asterisk))
    program.start()
    await ready(reactor, program)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        program.process.send_signal(number)
        await written(reactor, program, f"{number.name}: there is no log file")
    program.process.send_signal(signal.SIGTERM)
    assert await deferToThread(program.process.wait, 20) == 0


async def ready(reactor, program):
    while program.process.poll() is None:
        try:
            answer = await treq.get(f"{program.url}/readyz", persistent=False)
            await answer.content()
            if answer.code == 200:
                return
        except ConnectionRefusedError:
            pass
        await deferLater(reactor, 0.05)
    raise AssertionError(program.output)


async def written(reactor, program, words, file="out"):
    """Wait until the log has these words; the time-out of the test bounds it."""
    path = program.folder / file
    while not path.exists() or words not in path.read_text():
        await deferLater(reactor, 0.02)


async def place(program, asterisk):
    answer = await treq.post(
        f"{program.url}/v1/Accounts/acme1/Calls/connect.json",
        data={
            "From": "09812345610",
            "CallerId": "08047491899",
            "Url": "http://my.exotel.com/acme1/exoml/start_voice/1001",
        },
        auth=("key", "a-token-of-many-letters"),
        persistent=False,
    )
    assert answer.code == 200, await answer.text()
    return await asterisk.new_calls.next()

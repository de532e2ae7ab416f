"""The server's side of the control socket, without sockets."""

import json

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs, formatEvent

from exoswitch.control.messages import REQUEST_MAX_BYTES, Request, write_request
from exoswitch.control.server import AT_ONCE, REQUEST_S, ControlFactory, ControlSocket
from exoswitch.errors import BackendUnavailable

RELOAD = write_request(Request("reload", "/etc/gateway.yaml"))


@pytest.fixture
def clock():
    return Clock()


def connected(factory):
    conversation = factory.buildProtocol(None)
    conversation.makeConnection(StringTransport())
    return conversation


def said(conversation):
    return json.loads(conversation.transport.value())


def refuse(_request):
    raise BackendUnavailable("it is stopping")


def fail(_request):
    raise LookupError("a bug")


def test_request_goes_to_the_handler_of_its_command_and_the_answer_ends_the_connection(clock):
    asked = []
    factory = ControlFactory({"reload": lambda request: succeed(asked.append(request) or {"status": 0})}, clock)
    conversation = connected(factory)
    for byte in RELOAD:
        conversation.dataReceived(bytes([byte]))
    assert asked == [Request("reload", "/etc/gateway.yaml")]
    assert said(conversation) == {"status": 0}
    assert conversation.transport.disconnecting


def test_one_connection_asks_once(clock):
    asked = []
    factory = ControlFactory({"reload": lambda request: asked.append(request) or Deferred()}, clock)
    connected(factory).dataReceived(RELOAD * 3)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (RELOAD, "it is stopping"),
        (write_request(Request("fly", "")), "this gateway does not know the command 'fly': is it older?"),
        (b"GET / HTTP/1.1\r\n", "not a request to a gateway"),
    ],
)
def test_error_is_an_answer(clock, data, told):
    conversation = connected(ControlFactory({"reload": refuse}, clock))
    conversation.dataReceived(data)
    assert said(conversation) == {"error": told}


def test_bug_is_logged_and_not_told(clock, logged_failures):
    conversation = connected(ControlFactory({"reload": fail}, clock))
    conversation.dataReceived(RELOAD)
    assert said(conversation) == {"error": "the gateway failed to answer: see its log"}
    assert [event["log_failure"].type for event in logged_failures] == [LookupError]
    logged_failures.clear()


def test_program_that_asks_nothing_is_disconnected(clock):
    conversation = connected(ControlFactory({}, clock))
    clock.advance(REQUEST_S)
    assert conversation.transport.disconnecting


def test_answer_may_take_longer_than_the_request(clock):
    answer = Deferred()
    conversation = connected(ControlFactory({"reload": lambda _: answer}, clock))
    conversation.dataReceived(RELOAD)
    clock.advance(10 * REQUEST_S)
    assert not conversation.transport.disconnecting
    answer.callback({})
    assert said(conversation) == {}


def test_endless_request_is_disconnected(clock):
    conversation = connected(ControlFactory({}, clock))
    conversation.dataReceived(b"x" * (REQUEST_MAX_BYTES + 1))
    assert conversation.transport.disconnecting


def test_connections_beyond_the_limit_are_closed_at_once(clock):
    factory = ControlFactory({"reload": lambda _: Deferred()}, clock)
    first = [connected(factory) for _ in range(AT_ONCE)]
    beyond = connected(factory)
    assert beyond.transport.disconnecting
    assert not any(one.transport.disconnecting for one in first)
    for one in (*first, beyond):
        one.connectionLost()
    assert factory.open == 0
    assert clock.getDelayedCalls() == []


def test_gateway_without_the_folder_of_the_socket_goes_on(tmp_path):
    control = ControlSocket(tmp_path / "gone", {}, MemoryReactorClock())
    with capturedLogs() as log:
        control.startService()
    assert [formatEvent(event) for event in log] == [
        f"no command can ask this gateway: [Errno 2] No such file or directory: {str(tmp_path / 'gone')!r}"
    ]
    control.stopService()


def test_socket_that_a_killed_gateway_left_is_replaced(tmp_path):
    (tmp_path / "control").touch()
    reactor = MemoryReactorClock()
    control = ControlSocket(tmp_path, {}, reactor)
    control.startService()
    assert not (tmp_path / "control").exists()
    path, _factory, _backlog, mode, _pid = reactor.unixServers[0]
    assert (path.endswith("/control"), mode) == (True, 0o600)
    control.stopService()


def test_answer_that_cannot_be_written_is_an_error_of_the_command(clock, logged_failures):
    conversation = connected(ControlFactory({"reload": lambda _request: succeed({"status": object()})}, clock))
    conversation.dataReceived(RELOAD)
    assert said(conversation) == {"error": "the gateway failed to answer: see its log"}
    assert conversation.transport.disconnecting
    assert len(logged_failures) == 1
    logged_failures.clear()

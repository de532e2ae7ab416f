"""A command asks a gateway over the control socket."""

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThread

from exoswitch.control.client import ask
from exoswitch.control.messages import Request
from exoswitch.control.server import ControlSocket
from exoswitch.errors import BackendUnavailable

pytestmark = pytest.mark.loopback

RELOAD = Request("reload", "/etc/gateway.yaml")


@pytest.fixture(params=["journal", "a-folder-with-a-name-of-eighty-letters-" + 40 * "x" + "/" + 80 * "y"])
def folder(tmp_path, request):
    path = tmp_path / request.param
    path.mkdir(parents=True)
    return path


async def test_command_gets_the_answer_of_the_gateway(folder, reactor, serve):
    serve(ControlSocket(folder, {"reload": lambda request: succeed({"file": request.file})}, reactor))
    assert await deferToThread(ask, folder, RELOAD, 5.0) == {"file": "/etc/gateway.yaml"}
    assert (folder / "control").stat().st_mode & 0o777 == 0o600


async def test_gateway_that_does_not_answer_in_time_is_told(folder, reactor, serve):
    serve(ControlSocket(folder, {"reload": lambda _: Deferred()}, reactor))
    with pytest.raises(BackendUnavailable, match=r"did not answer within 0\.1 s"):
        await deferToThread(ask, folder, RELOAD, 0.1)


async def test_refusal_is_told(folder, reactor, serve):
    serve(ControlSocket(folder, {}, reactor))
    with pytest.raises(BackendUnavailable, match="does not know the command 'reload'"):
        await deferToThread(ask, folder, RELOAD, 5.0)


async def test_gateway_that_does_not_run_is_told(folder, reactor):
    control = ControlSocket(folder, {}, reactor)
    for leave in (lambda: None, lambda: control.startService() or control.stopService()):
        await (leave() or succeed(None))
        with pytest.raises(BackendUnavailable, match=r"no gateway with the journal .* runs on this machine"):
            await deferToThread(ask, folder, RELOAD, 5.0)
    with pytest.raises(BackendUnavailable, match="no gateway"):
        await deferToThread(ask, folder / "gone", RELOAD, 5.0)

import pytest
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory, Protocol

from exoswitch.errors import InvalidRequest
from exoswitch.sim.network import Conditions
from exoswitch.sim.script import Refuse
from exoswitch.sim.services import asterisk_service, bot_service
from exoswitch.sim.virtualreactor import VirtualReactor


def test_an_asterisk_is_made_of_words():
    asterisk = asterisk_service(VirtualReactor(), script="busy", scripts={"@lab": "congestion"}, network="loss=0.1")
    assert asterisk.script.reception == Refuse("BUSY", 17)
    assert asterisk.scripts["@lab"].reception == Refuse("CONGESTION", 34)
    assert asterisk.network == Conditions(loss=0.1)


def test_both_listen_where_they_say():
    reactor = VirtualReactor()
    for service, endpoint in (
        (asterisk_service(reactor), "tcp:127.0.0.1:5038"),
        (bot_service(reactor, port=8000), "tcp:127.0.0.1:8000"),
    ):
        service.startService()
        reactor.run(clientFromString(reactor, endpoint).connect(Factory.forProtocol(Protocol)))
        service.stopService()
        assert not reactor.tcp_ports


@pytest.mark.parametrize("options", [{"script": "sing"}, {"scripts": {"1": "sing"}}, {"network": "sing"}])
def test_words_that_are_not_known_are_refused(options):
    with pytest.raises(InvalidRequest, match="sing"):
        asterisk_service(VirtualReactor(), **options)
    with pytest.raises(InvalidRequest, match="sing"):
        bot_service(VirtualReactor(), behaviour="sing")

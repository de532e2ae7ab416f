"""The doctor's checks of servers, with links that are made by hand."""

from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from exoswitch.commands.server_checks import check_redis
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import BackendUnavailable

PBX = AsteriskConfig(name="pbx1", ami="tcp:127.0.0.1:1", username="exoswitch", secret="hush", host="127.0.0.1")


class LinkMadeTwice:
    """A link to Redis that is lost and made again while the doctor looks."""

    server = "Redis"

    def __init__(self, _address, _keys, _scripts, on_up, **_settings):
        self._on_up = on_up

    def startService(self):
        self._on_up()
        self._on_up()

    def stopService(self):
        return succeed(None)

    def run(self, *_script):
        raise BackendUnavailable("Redis: the link is down")


async def test_redis_whose_link_is_made_again_is_a_finding(monkeypatch):
    monkeypatch.setattr("exoswitch.fleet.redis.link.RedisLink", LinkMadeTwice)
    config = Config(asterisks=(PBX,), cluster="redis://127.0.0.1:6379/0")
    (finding,) = [found async for found in check_redis(config, Clock())]
    assert (finding.text, finding.is_good) == ("Redis: the link is down", False)

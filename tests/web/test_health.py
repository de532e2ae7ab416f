"""What monitoring and load balancers are answered."""

from tests.exotel.rest.test_resource import Calls, Dialer


def test_health_is_always_well_and_readiness_says_what_is_missing():
    watcher = Dialer(calls=Calls(ready=False), auth=None)
    assert (watcher.ask("GET", "/healthz").code, watcher.ask("GET", "/healthz").json) == (200, {"status": "ok"})
    reply = watcher.ask("GET", "/readyz")
    assert (reply.code, reply.json["status"]) == (503, "not ready")
    assert "Asterisk" in reply.json["missing"][0]
    watcher.calls.ready = True
    assert watcher.ask("GET", "/readyz").code == 200

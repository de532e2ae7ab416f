"""Health and readiness, for monitoring and load balancers."""

from tests.exotel.rest.test_resource import Calls, Dialer


def test_health_is_always_ok_and_readiness_says_what_is_missing():
    monitor = Dialer(calls=Calls(missing=("this gateway is stopping",)), auth=None)
    assert (monitor.ask("GET", "/healthz").code, monitor.ask("GET", "/healthz").json) == (200, {"status": "ok"})
    reply = monitor.ask("GET", "/readyz")
    assert (reply.code, reply.json["status"]) == (503, "not ready")
    assert reply.json["missing"] == ["this gateway is stopping"]
    monitor.calls.missing = ()
    assert monitor.ask("GET", "/readyz").code == 200

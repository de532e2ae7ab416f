"""What the scripts in Redis answer, as it is read; an empty list comes as {} from Lua."""

import json

from exoswitch.backends.redis_answers import read_fallen, read_leases, read_view
from exoswitch.nodes import AsteriskStanding, FleetView, GatewayView, Lease, Standing

LEASES = tuple(Lease(token=f"t{n}", call_sid=f"sid{n}", gateway="gw1", asterisk="pbx1") for n in range(2))
STANDING = Standing(capacity=5, asterisks={"pbx1": AsteriskStanding(capacity=3, healthy=True)})
RECORD = (
    '{"capacity": 5, "asterisks": {"pbx1": {"capacity": 3, "healthy": true, "draining": false}}, "draining": false}'
)


def test_freed_leases_are_read():
    assert read_leases('["t0", "gw1", "pbx1", "sid0", "t1", "gw1", "pbx1", "sid1"]') == LEASES


def test_no_lease_is_read():
    assert read_leases("{}") == ()


def test_leases_that_fell_to_a_gateway_are_read():
    assert read_fallen(["ok", "t0", "pbx1", "sid0", "t1", "pbx1", "sid1"], "gw1") == LEASES
    assert read_fallen(["ok"], "gw1") == ()


def test_empty_fleet_is_read():
    assert read_view("[1790000000000, {}, {}, {}, {}]") == FleetView(gateways={}, asterisks={}, leases=())


def test_fleet_is_read():
    now_ms = 1_790_000_000_000
    answer = [
        now_ms,
        ["gw1", f"instance:7 {RECORD}", "gw2", f"other:1 {RECORD}"],
        ["gw2", str(now_ms), "gw1", f"{now_ms + 1}"],
        ["gateway:gw1", "2", "asterisk:pbx1", "2"],
        ["t0", "gw1 gw1 pbx1 sid0", "t1", "gw2 gw1 pbx1 sid1"],
    ]
    assert read_view(json.dumps(answer)) == FleetView(
        gateways={
            "gw1": GatewayView(standing=STANDING, used=2, alive=True),
            "gw2": GatewayView(standing=STANDING, used=0, alive=False),
        },
        asterisks={"pbx1": 2},
        leases=LEASES,
    )

"""A request that names a server by an IP address out of the account's reach is refused at once."""

from ipaddress import ip_network

import pytest
from attrs import evolve

from exoswitch.call.session import BotTarget
from exoswitch.call.status_callback import StatusCallback
from exoswitch.call.stream_tap import StreamTap
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect.reach import Reaches, refuse_out_of_reach
from exoswitch.interfaces.calls import CallRequest
from exoswitch.network.reach import ReachRules

PUBLIC = "wss://8.8.8.8/ws"
CALL = CallRequest(account="acme1", number="+919812345610", exophone="+918047491899", bot=BotTarget(url=PUBLIC))
STRICT = Reaches(bots=ReachRules(), callbacks=ReachRules(key="callback_hosts"))


def judge(wanted, reaches=STRICT, own=()):
    refuse_out_of_reach(wanted, reaches, own.__contains__)


def with_bot(url, app=None):
    return evolve(CALL, bot=BotTarget(url=url, app=app))


def with_callback(url):
    return evolve(CALL, callback=StatusCallback(url=url))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("ws://127.0.0.1:6379/?token=secret", "127.0.0.1"),
        ("wss://user:secret@10.0.0.5/ws", "10.0.0.5"),
        ("ws://[::1]:80/", "::1"),
        ("ws://[::ffff:169.254.169.254]/", "::ffff:169.254.169.254"),
    ],
)
def test_a_bot_at_an_address_that_is_not_public_is_refused_with_the_remedy(url, address):
    with pytest.raises(InvalidRequest) as refused:
        judge(with_bot(url))
    text = str(refused.value)
    assert text.startswith(f"StreamUrl: {address} has no public address (its address belongs to ")
    assert text.endswith("the operator can permit it with stream_hosts or private_networks")
    assert "secret" not in text


def test_a_one_way_stream_to_such_an_address_is_refused_too():
    tap = StreamTap(url="ws://192.168.1.1/", name="", begins_at="leg1", timeout_s=None)
    with pytest.raises(InvalidRequest, match=r"StreamUrl: 192\.168\.1\.1 has no public address"):
        judge(evolve(CALL, bot=None, tap=tap))


def test_a_callback_to_such_an_address_is_refused_with_its_own_remedy():
    with pytest.raises(InvalidRequest, match=r"StatusCallback: 172\.16\.0\.1 .* permit it with callback_hosts or"):
        judge(with_callback("https://172.16.0.1/told?key=1"))


def test_the_machines_own_public_address_is_refused():
    with pytest.raises(InvalidRequest, match=r"StreamUrl: 8\.8\.8\.8 .* belongs to this machine"):
        judge(CALL, own=("8.8.8.8",))


def test_public_addresses_and_all_host_names_are_accepted():
    judge(evolve(with_callback("http://8.8.4.4/told"), bot=BotTarget(url="ws://redis.internal:6379/")))
    judge(with_callback("http://localhost/told"))


def test_the_url_of_an_app_is_accepted_wherever_it_leads():
    judge(with_bot("http://10.0.0.5/resolver", app="1"))


def test_what_the_operator_permits_is_accepted():
    networks = Reaches(bots=ReachRules(networks=(ip_network("10.0.0.0/8"),)), callbacks=ReachRules())
    judge(with_bot("ws://10.0.0.5/ws"), networks)
    hosts = ReachRules(hosts={"acme1": frozenset({"127.0.0.1:8090"})})
    judge(with_callback("http://127.0.0.1:8090/told"), Reaches(callbacks=hosts))
    with pytest.raises(InvalidRequest):
        judge(with_callback("http://127.0.0.1:8091/told"), Reaches(callbacks=hosts))
    own = Reaches(bots=ReachRules(urls={"acme1": frozenset({"ws://10.0.0.5/ws"})}))
    judge(with_bot("ws://10.0.0.5/ws"), own)

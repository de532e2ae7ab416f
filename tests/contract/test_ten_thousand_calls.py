"""Ten thousand calls cost the same, to the paisa, as by a computation of its own: from YAML to the report."""

import datetime as dt

import pytest
from attrs import evolve

from exoswitch.billing.amounts import millionths, rounded
from exoswitch.billing.report import Summary
from exoswitch.call.session import CallStatus, Ending
from exoswitch.config.loader import load
from exoswitch.configured import prices, terms
from exoswitch.sessions.document import from_text, to_text
from exoswitch.sessions.notes import Note
from exoswitch.telephony.indian_time import start_of
from exoswitch.trunks.registry import SETTINGS
from tests.harness import many_calls
from tests.harness.databases import Postgres, SqliteInTest, database_kind
from tests.harness.sessions import HUNG_UP, SESSION

CALLS = many_calls.make()
DAYS = [many_calls.FIRST + dt.timedelta(days=number) for number in range(-1, 6)]
BATCH = 1000
BUSY = Ending(status=CallStatus.BUSY, reason="busy")


@pytest.fixture(params=[SqliteInTest, pytest.param(Postgres, marks=pytest.mark.loopback)])
def kind(request, tmp_path):
    return database_kind(request, tmp_path)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    file = tmp_path_factory.mktemp("many") / "exoswitch.yaml"
    file.write_text(many_calls.YAML)
    return load(file, SETTINGS, {})


@pytest.fixture(scope="module")
def sessions(config):
    return [charged(call, prices(config)) for call in CALLS]


def charged(call, known):
    """Give the session of a call as a gateway notes it, read back from its text."""
    at = call.at_ms / 1000
    session = evolve(SESSION, call_sid=call.sid, trunk=call.trunk, created_at=at if call.is_unanswered else at - 7)
    if call.is_unanswered:
        ended = session.ended(BUSY, at + 9)
    else:
        talked_s = call.talked_ms / 1000
        ended = evolve(session, answered_at=at).ended(HUNG_UP, at + talked_s + 3600, talked_s)  # its clock was set
    return from_text(to_text(evolve(ended, charge=known.charge(ended))))


def test_the_calls_are_of_every_kind():
    assert {(call.trunk, call.day >= many_calls.days(many_calls.CHANGE)) for call in CALLS} == {
        (trunk, is_after) for trunk in many_calls.TRUNKS for is_after in (False, True)
    }
    edge_ms = many_calls.days(many_calls.CHANGE) * many_calls.DAY_MS - many_calls.INDIA_MS
    assert {edge_ms - 1, edge_ms} <= {call.at_ms for call in CALLS}
    assert sum(call.is_unanswered for call in CALLS) > many_calls.COUNT // 10


def test_each_call_costs_the_same_to_a_millionth(sessions):
    found = [(millionths(one.charge.amount), millionths(one.charge.baseline)) for one in sessions]
    assert found == [(call.millionths, call.baseline_millionths) for call in CALLS]


def test_report_of_the_stored_calls_is_the_same_to_the_paisa(kind, config, sessions):
    expected = many_calls.by_day_and_trunk(CALLS)

    async def scenario(database, ledger):
        for first in range(0, len(sessions), BATCH):
            batch = sessions[first : first + BATCH]
            await database.write([Note(number, one) for number, one in enumerate(batch, start=first + 1)])
        whole = Summary(by="trunk", terms=terms(config), currency="INR")
        for day in DAYS:
            usages = await ledger.usage(start_of(day), start_of(day + dt.timedelta(days=1)), "trunk")
            whole.add(day, usages)
            of_day = {usage.trunk: millionths(usage.cost) for usage in usages}
            number = many_calls.days(day)
            assert of_day == {trunk: cost for (at, trunk), cost in expected.items() if at == number}
        report = whole.report()
        assert {line.key: int(rounded(line.cost, 2) * 100) for line in report.lines} == {
            trunk: many_calls.paise(sum(cost for (_, name), cost in expected.items() if name == trunk))
            for trunk in many_calls.TRUNKS
        }
        (total,) = report.totals
        assert millionths(total.baseline) == sum(call.baseline_millionths for call in CALLS)
        assert total.calls == many_calls.COUNT

    kind.run_ledger(scenario)

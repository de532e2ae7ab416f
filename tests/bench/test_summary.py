import json

from exoswitch.bench.measured import Delays, Lateness, Limits, Way
from exoswitch.bench.summary import Gap, Results, document, sentences
from exoswitch.bench.table import HEADER, JITTER_MAX_MS, LATE_LOAD, bar, row
from exoswitch.config.model import RtpConfig
from tests.harness.bench_trials import trial

LIMITS = Limits(delay_ms=40.0, loss=0.001)


def results():
    return Results(
        [
            trial("floor", cpu=0.05),
            trial(plane="compiled"),
            trial("plain", cpu=0.4),
            trial("floor", calls=1000, cpu=0.5),
            trial(calls=1000, cpu=1.1, plane="compiled"),
        ]
    )


def test_a_run_is_summed_up_by_its_largest_trial_and_compared():
    assert list(sentences(results(), LIMITS)) == [
        "20 ms messages, compiled plane: 1000 calls at 110% of a core, 2.20 x floor",
        "a call among 1000 costs 1.10 times one among 100",
        "250 calls a core with the plain design at 100 calls, 1000 with exoswitch at 100: 4.0 times as many",
    ]


def at_70_percent():
    found = results()
    share = trial(calls=1000, cpu=1.1, plane="compiled", late=Lateness(p99_ms=2.0, max_ms=3.5))
    found.trials.append(share)
    found.shares[20] = share
    return found


def test_the_share_of_the_most_calls_is_told_with_all_its_figures():
    assert (
        "70% of the most, 1000 calls with 20 ms messages, 110% of a core (2.20 x floor): p50/p90/p99/p99.9 of the "
        "delay 10.0/18.0/20.0/21.0 ms to the bot, 10.0/18.0/20.0/21.0 ms to the phone; the tick at worst "
        "3.5 ms late; lost 0.00%"
    ) in list(sentences(at_70_percent(), LIMITS))
    (share,) = document(at_70_percent(), LIMITS, {}, {})["shares"]
    assert (share["share"], share["calls"], share["tick_worst_ms"], share["lost"]) == (0.7, 1000, 3.5, 0.0)
    assert share["to_bot"]["p999_ms"] == 21.0


def test_the_floor_has_no_audio_that_is_lost():
    floor, ours = (one.document() for one in (trial("floor"), trial()))
    assert (floor["lost_to_bot"], floor["to_phone"]) == (None, None)
    assert ours["lost_to_bot"] == 0.0


def test_short_calls_that_did_not_reach_their_bot_are_told():
    found = results()
    found.trials.append(trial(plane="compiled", set_ups=10.0, failed_set_ups=3))
    told = "3 short calls did not reach their bot in time, at 10 a second (compiled, 100 calls, 20 ms messages)"
    assert told in list(sentences(found, LIMITS))
    assert document(found, LIMITS, {}, {})["trials"][-1]["failed_set_ups"] == 3


def test_a_trial_that_breaks_a_limit_does_not_count_as_carried():
    few = results()
    few.trials[-1] = trial(calls=1000, cpu=1.1, carried=0.9)
    assert "100 calls at 10% of a core" in next(sentences(few, LIMITS))


def test_audio_that_was_left_out_on_purpose_is_told_for_the_trial_with_the_most_of_it():
    joined = [
        trial(calls=calls, plane="compiled", to_bot=Way(sent=10_000, arrived=10_000 - n, joined=n, delays=Delays()))
        for calls, n in ((100, 2), (400, 8), (1000, 4))
    ]
    assert list(sentences(Results(joined), LIMITS))[-1] == (
        "0.04% of the audio to the bot was left out on purpose, to shorten its delay, and is not lost (compiled, "
        "400 calls, 20 ms messages: the most of a trial)"
    )
    read = document(Results(joined), LIMITS, {}, {})["trials"][1]
    assert (read["lost_to_bot"], read["left_out_to_bot"], read["to_bot"]["joined"]) == (0.0, 0.0004, 8)


def test_the_document_tells_how_well_a_search_knows_the_most_calls():
    searched = Results(
        gaps={("exoswitch", 20): Gap(710, 770), ("plain", 20): Gap(0, 10), ("exoswitch", 100): Gap(10_000, 0)}
    )
    assert [tuple(one.values()) for one in document(searched, LIMITS, {}, {})["searches"]] == [
        ("exoswitch", 20, 710, 770),
        ("plain", 20, None, 10),
        ("exoswitch", 100, 10_000, None),
    ]


def test_a_load_that_was_late_is_told():
    late = trial(load_late=Delays(p99_ms=9.0))
    assert row(late, None).endswith(" *")
    assert LATE_LOAD in list(sentences(Results([late]), LIMITS))
    assert RtpConfig().jitter_max_ms == JITTER_MAX_MS, "the sentence names it"


def test_a_full_core_has_no_cost_of_a_call():
    full = trial("plain", cpu=1.0)
    assert " full " in row(full, trial("floor", cpu=0.1))
    assert not any("the plain design" in line for line in sentences(Results([trial(), full]), LIMITS))


def test_each_line_of_the_table_fits_its_header():
    for measured in results().trials:
        assert len(row(measured, results().floor(measured))) <= len(HEADER)


def test_the_document_is_json_with_each_trial_and_its_ratio_to_the_floor():
    read = json.loads(json.dumps(document(results(), LIMITS, {"cores": 2}, {"wss": False})))
    assert [one["times_floor"] for one in read["trials"]] == [None, 2.0, 8.0, None, 2.2]
    assert read["machine"] == {"cores": 2}


def test_the_bar_grows():
    assert [bar("x", part, 3.2).count("#") for part in (0.0, 0.5, 1.0)] == [0, 12, 24]

from attrs import evolve

from exoswitch.call.bot_address import parse_address
from exoswitch.certify.catalogue import catalogue
from exoswitch.certify.scenario import Terms
from tests.harness.certify_seen import TERMS


def scenarios(terms=TERMS):
    return {scenario.name: scenario for scenario in catalogue(terms)}


def test_each_scenario_has_a_unique_short_name_and_a_description():
    assert len(scenarios()) == len(catalogue(TERMS))
    assert all(len(name) <= 10 and one.shows and one.plans and one.expects for name, one in scenarios().items())


def test_the_first_scenario_connects():
    assert next(iter(scenarios())) == "connects"


def test_credentials_are_tested_only_if_the_url_has_some():
    assert scenarios()["auth"].unless
    terms = evolve(TERMS, url="wss://user:pass@bot.example.org/ws")
    auth = scenarios(terms)["auth"]
    assert not auth.unless
    assert parse_address(auth.plans[0].target(terms.url)).authorization is None


def test_the_gateway_accepts_the_url_of_every_call():
    for url in ("ws://bot.example.org", "wss://u:p@bot.example.org:8443/ws?lang=hi&sample-rate=24000"):
        for scenario in catalogue(evolve(TERMS, url=url)):
            if not scenario.unless:
                for plan in scenario.plans:
                    assert parse_address(plan.target(url)).host == "bot.example.org"


def test_the_url_from_a_resolver_is_not_varied():
    resolved = scenarios(evolve(TERMS, url="https://bot.example.org/where"))
    assert resolved["16-khz"].unless
    assert len(resolved["start"].plans) == 4


def longest_s(scenarios):
    lengths = {name: [plan.longest_s for plan in one.plans] for name, one in scenarios.items()}
    return sum(max(each) if scenarios[name].at_once else sum(each) for name, each in lengths.items())


def test_callers_do_not_wait_for_a_silent_bot():
    silent = scenarios(evolve(TERMS, is_silent=True))
    assert longest_s(silent) < longest_s(scenarios()) - 40


def test_each_of_ten_callers_says_different_audio():
    said = [plan.stages[0].script.steps[0].frames for plan in scenarios()["ten"].plans]
    assert len(set().union(*said)) == sum(map(len, said)) == 500


def test_every_caller_says_a_whole_question():
    question = TERMS.speech[:100]
    terms = Terms(url=TERMS.url, speech=question, is_babble=False)
    for name in ("speech", "ten"):
        (words,) = {
            plan.stages[-2 if name == "speech" else 0].script.steps[0].frames for plan in scenarios(terms)[name].plans
        }
        assert words == question


def test_a_bot_that_only_listens_is_not_asked_for_marks_or_to_stop_talking():
    silent = scenarios(evolve(TERMS, is_silent=True))
    assert {name for name, one in silent.items() if one.unless} == {"auth", "barge-in", "marks"}


def test_a_call_at_another_rate_is_compared_with_a_call_at_the_usual_rate():
    for url, rates in (
        ("ws://bot.example.org", [8000, 16000]),
        ("ws://bot.example.org?sample-rate=24000", [24000, 16000]),
        ("ws://bot.example.org?sample-rate=16000", [8000, 16000]),
    ):
        plans = scenarios(evolve(TERMS, url=url))["16-khz"].plans
        assert [parse_address(plan.target(url)).sample_rate_hz for plan in plans] == rates

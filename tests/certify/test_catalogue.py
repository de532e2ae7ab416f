from attrs import evolve

from exoswitch.call.bot_address import parse_address
from exoswitch.certify.catalogue import catalogue
from exoswitch.certify.scenario import Terms
from tests.harness.certify_seen import TERMS


def scenarios(terms=TERMS):
    return {scenario.name: scenario for scenario in catalogue(terms)}


def test_each_scenario_has_a_short_name_of_its_own_and_says_what_it_shows():
    assert len(scenarios()) == len(catalogue(TERMS))
    assert all(len(name) <= 10 and one.shows and one.plans and one.expects for name, one in scenarios().items())


def test_the_first_one_tells_whether_to_go_on():
    assert next(iter(scenarios())) == "connects"


def test_credentials_are_tried_only_where_there_are_any():
    assert scenarios()["auth"].unless
    terms = evolve(TERMS, url="wss://user:pass@bot.example.org/ws")
    auth = scenarios(terms)["auth"]
    assert not auth.unless
    assert parse_address(auth.plans[0].target(terms.url)).authorization is None


def test_every_call_goes_to_a_url_that_the_gateway_takes():
    for url in ("ws://bot.example.org", "wss://u:p@bot.example.org:8443/ws?lang=hi&sample-rate=24000"):
        for scenario in catalogue(evolve(TERMS, url=url)):
            if not scenario.unless:
                for plan in scenario.plans:
                    assert parse_address(plan.target(url)).host == "bot.example.org"


def test_a_resolvers_answer_is_not_varied():
    resolved = scenarios(evolve(TERMS, url="https://bot.example.org/where"))
    assert resolved["16-khz"].unless
    assert len(resolved["start"].plans) == 4


def test_a_silent_bot_is_not_waited_for():
    silent = scenarios(evolve(TERMS, is_silent=True))
    assert sum(one.longest_s for one in silent.values()) < sum(one.longest_s for one in scenarios().values()) - 40


def test_each_of_ten_callers_says_words_of_its_own():
    said = [plan.stages[0].script.steps[0].frames for plan in scenarios()["ten"].plans]
    assert len(set().union(*said)) == sum(map(len, said)) == 500


def test_words_in_a_language_are_said_to_their_end_by_everyone():
    question = TERMS.speech[:100]
    terms = Terms(url=TERMS.url, speech=question, is_babble=False)
    for name in ("speech", "ten"):
        (words,) = {
            plan.stages[-2 if name == "speech" else 0].script.steps[0].frames for plan in scenarios(terms)[name].plans
        }
        assert words == question

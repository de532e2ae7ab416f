"""How long before its turn a call is claimed."""

from exoswitch.gateway.claim_lead import LEAST_S, MOST_S, ClaimLead


def test_first_call_is_claimed_early_since_nothing_is_known_of_the_database():
    assert ClaimLead().seconds == MOST_S


def test_lead_is_twice_the_time_of_the_slowest_of_the_last_claims():
    lead = ClaimLead()
    lead.took(0.04)
    lead.took(0.01)
    assert lead.seconds == 0.08


def test_quick_database_leaves_a_small_lead_in_which_a_gateway_may_die():
    lead = ClaimLead()
    lead.took(0.001)
    assert lead.seconds == LEAST_S


def test_slow_claim_does_not_make_calls_be_claimed_long_before_their_turn():
    lead = ClaimLead()
    lead.took(4.0)
    assert lead.seconds == MOST_S


def test_slow_claim_is_forgotten_after_twenty_quick_ones():
    lead = ClaimLead()
    lead.took(4.0)
    for _ in range(20):
        lead.took(0.001)
    assert lead.seconds == LEAST_S

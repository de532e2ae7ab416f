from exoswitch.telephony.indian_time import written_time


def test_the_day_changes_at_indian_midnight():
    assert written_time(1_700_159_399) == "2023-11-16 23:59:59"
    assert written_time(1_700_159_400) == "2023-11-17 00:00:00"

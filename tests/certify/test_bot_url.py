import pytest

from exoswitch.certify import bot_url

URL = "wss://user:p%40ss@bot.example.org:444/ws?lang=hi&sample-rate=8000"


def test_credentials_are_found_and_removed():
    assert bot_url.has_credentials(URL)
    bare = bot_url.without_credentials(URL)
    assert bare == "wss://bot.example.org:444/ws?lang=hi&sample-rate=8000"
    assert not bot_url.has_credentials(bare)


def test_a_wrong_password_keeps_the_user():
    assert bot_url.with_wrong_password(URL).startswith("wss://user:no-such-password@bot.example.org:444/ws?")


def test_parameters_are_removed_except_the_rate():
    assert bot_url.without_parameters("ws://h/p?a=1&sample-rate=16000&b") == "ws://h/p?sample-rate=16000"
    assert bot_url.has_parameters(URL)
    assert not bot_url.has_parameters("ws://h/p?sample_rate=16000")


@pytest.mark.parametrize(("url", "changed"), [("ws://h/p", "ws://h/p?a/b"), ("ws://h/p?c=1", "ws://h/p?c=1&a/b")])
def test_a_parameter_is_added_unchanged(url, changed):
    assert bot_url.with_parameter("a/b")(url) == changed


@pytest.mark.parametrize(
    ("url", "changed"),
    [
        ("ws://h", "ws://h?sample-rate=16000"),
        ("ws://h/?a=1&sample_rate=8000", "ws://h/?a=1&sample-rate=16000"),
        ("ws://h/?voice/x", "ws://h/?voice/x&sample-rate=16000"),
    ],
)
def test_the_url_asks_for_the_rate_once(url, changed):
    assert bot_url.at_rate(16000)(url) == changed

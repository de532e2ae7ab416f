import hashlib

from exoswitch.ami import login
from exoswitch.ami.message import AmiMessage


def test_challenge_is_answered_with_a_key_and_without_the_secret():
    given = AmiMessage((("Response", "Success"), ("Challenge", "840415273")))
    answer = login.answer("exoswitch", "opensesame", given)
    assert answer.get("Key") == hashlib.md5(b"840415273opensesame", usedforsecurity=False).hexdigest()
    assert answer.get("AuthType") == "MD5"
    assert not answer.get("Secret")


def test_where_there_is_no_challenge_the_secret_itself_is_given():
    for refused in (AmiMessage((("Response", "Error"),)), AmiMessage((("Response", "Success"),))):
        answer = login.answer("exoswitch", "opensesame", refused)
        assert (answer.get("Username"), answer.get("Secret")) == ("exoswitch", "opensesame")

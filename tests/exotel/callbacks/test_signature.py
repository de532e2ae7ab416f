import base64

from exoswitch.call.status_callback import read_signing_key
from exoswitch.exotel.callbacks.signature import signature_headers

# The example of the specification, and of the libraries for receivers (standardwebhooks 1.0).
KEY = read_signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID, MOMENT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.0, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature_is_that_of_the_specification():
    assert signature_headers(ID, MOMENT, BODY, [KEY]) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_each_of_two_keys_signs_while_they_are_changed():
    new = base64.b64decode("A" * 32)
    first, second = signature_headers(ID, MOMENT, BODY, [new, KEY])["webhook-signature"].split(" ")
    assert second == SIGNATURE
    assert first.startswith("v1,")
    assert first != second


def test_callback_without_a_key_is_identified_and_not_signed():
    assert signature_headers(ID, MOMENT, BODY, []) == {"webhook-id": ID, "webhook-timestamp": "1614265330"}

import base64

import pytest

from exoswitch.call.status_callback import read_signing_key
from exoswitch.errors import InvalidValue


def test_key_is_read_from_its_text():
    key = bytes(range(32))
    assert read_signing_key(f"whsec_{base64.b64encode(key).decode()}") == key


@pytest.mark.parametrize(
    "text", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_%%%", "whsec_ü"]
)
def test_text_that_is_no_key_is_refused_and_not_repeated(text):
    with pytest.raises(InvalidValue) as caught:
        read_signing_key(text)
    assert str(caught.value) == (
        "must be whsec_ and 24 to 64 random bytes in Base64; make one with: echo whsec_$(openssl rand -base64 32)"
    )

"""The remembering laws encode as the others do."""

import pytest

from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.sim.codec import remembering
from exoswitch.sim.sounds import noise


@pytest.mark.parametrize("law", [ULAW, ALAW], ids=lambda law: law.name)
def test_what_is_remembered_is_what_was_encoded(law):
    quick = remembering(law)
    for frame in noise()[:20]:
        assert quick.encode(frame) == law.encode(frame)
        assert quick.encode(frame) is quick.encode(frame)


def test_laws_do_not_share_what_they_remember():
    frame = noise()[0]
    assert remembering(ULAW).encode(frame) != remembering(ALAW).encode(frame)


def test_the_rest_of_a_law_is_as_it_was():
    quick = remembering(ALAW)
    assert (quick.name, quick.payload_type, quick.silence) == (ALAW.name, ALAW.payload_type, ALAW.silence)
    assert quick.decode(bytes(range(256))) == ALAW.decode(bytes(range(256)))

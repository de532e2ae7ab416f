"""Options of streams: for all bots, and for an app that differs."""

import attrs
import pytest
from cryptography import x509

from exoswitch.call.stream_options import StreamOptions
from exoswitch.config.model import StreamConfig
from tests.harness.certificates import certificate_pem

APPS = """
apps:
  "1001": {account: acme1, url: "ws://127.0.0.1:9000/ws", numbers: national}
  "1002": {account: acme1, url: "ws://127.0.0.1:9000/ws"}
"""


def with_streams(good, streams):
    return good.partition("apps:")[0] + APPS + f"streams: {streams}\n"


def test_defaults_are_those_of_the_program():
    assert StreamConfig().options() == StreamOptions()
    assert [spec.name for spec in attrs.fields(StreamConfig)] == [spec.name for spec in attrs.fields(StreamOptions)]


def test_an_app_inherits_from_streams_the_keys_that_it_does_not_have(read, good):
    config = read(with_streams(good, "{numbers: e164, drain_on_close: yes, chunk_ms: 100}"))
    assert config.apps["1001"].options() == StreamOptions(drain_on_close=True, chunk_ms=100)
    assert config.apps["1002"].options() == StreamOptions(numbers="e164", drain_on_close=True, chunk_ms=100)
    assert config.streams.options() == config.apps["1002"].options()


def test_a_problem_of_streams_is_given_once(problems, good):
    assert problems(with_streams(good, "{numbers: e146, leg_sid: perhaps}")) == {
        "streams.numbers": "must be one of national, e164; did you mean 'e164'? (it is 'e146')",
        "streams.leg_sid": "must be true or false (it is 'perhaps')",
    }


@pytest.mark.parametrize("word", ["true", "True", "yes", "on"])
def test_yes_is_read_in_all_of_yamls_words(read, good, word):
    assert read(with_streams(good, f"{{leg_sid: {word}}}")).streams.leg_sid


def test_a_file_is_relative_to_the_configuration(read, good, tmp_path):
    (tmp_path / "ca.pem").write_bytes(certificate_pem(x509.DNSName("localhost"))[0])
    config = read(with_streams(good, "{ca_file: ca.pem}"))
    assert config.apps["1001"].ca_file == str(tmp_path / "ca.pem")


def test_no_file_is_none(read, good):
    assert read(with_streams(good, '{ca_file: ""}')).streams.ca_file == ""


def test_a_missing_file_is_a_problem(problems, good, tmp_path):
    path = tmp_path / "ca.pem"
    assert problems(with_streams(good, "{ca_file: ca.pem}")) == {
        "streams.ca_file": f"the file {path} cannot be read: No such file or directory (it is 'ca.pem')"
    }


def test_a_trace_needs_a_folder(problems, read, good, tmp_path):
    wanting = with_streams(good, "{trace: messages}")
    assert problems(wanting) == {"streams.trace": "needs traces.folder, the folder for traces; add it"}
    assert read(wanting + "traces: {folder: logs}").traces.folder == str(tmp_path / "logs")


def test_a_problem_of_an_apps_own_trace_has_the_path_of_the_app(problems, good):
    text = with_streams(good, "{}").replace("numbers: national", "trace: audio")
    assert list(problems(text)) == ["apps.1001.trace"]


def test_a_file_without_certificates_is_a_problem_once(problems, good, tmp_path):
    (tmp_path / "ca.pem").write_text("none")
    assert problems(with_streams(good, "{ca_file: ca.pem}")) == {
        "streams.ca_file": f"the file {tmp_path / 'ca.pem'} cannot be used: "
        "it holds no PEM certificate, or a damaged one"
    }


def test_a_key_of_an_earlier_version_is_refused_with_its_new_name(problems, good):
    assert problems(with_streams(good, "{transcript: messages}") + "transcripts: {folder: logs}\n") == {
        "streams.transcript": "is now called trace; rename the key",
        "transcripts": "is now called traces; rename the key",
    }

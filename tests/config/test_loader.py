"""A good file becomes a Config; a bad one gives all of its problems at once, and no secret."""

import pytest

from exoswitch.config.loader import load, report
from exoswitch.errors import ConfigError
from exoswitch.trunks.registry import SETTINGS


def test_small_file_has_every_default(read, good):
    config = read(good)
    assert config.node == "gw1"
    assert config.rtp.ports == range(20000, 24000)
    assert config.asterisks[0].capacity == 600
    assert config.trunks[0].codecs == ("alaw", "ulaw")
    assert config.trunks[0].numbers == ()
    assert config.apps["1001"].account == "acme1"
    assert config.numbers["+918047491899"].app == "1001"


def test_values_are_read_as_written_and_not_as_yaml_interprets_them(read, good):
    config = read(good.replace("username: exoswitch", "username: no").replace('app: "1001"', "app: 1001"))
    assert config.asterisks[0].username == "no"
    assert config.numbers["+918047491899"].app == "1001"


def test_numbers_become_e164(read, good):
    assert list(read(good.replace('"+918047491899"', "08047491899")).numbers) == ["+918047491899"]


def test_the_same_number_in_two_forms_is_a_problem(problems, good):
    found = problems(good + "  08047491899: {account: acme1, app: 1001}\n")
    assert found == {"numbers.08047491899": "is the same as the entry +918047491899; remove one"}


def test_all_problems_are_given_at_once_in_the_order_of_the_model(problems):
    found = problems(
        """
node: gateway one
gateway: {capacity: many, capasity: 5}
rtp: {ports: 23999-20000, codec: alow, advertise: localhost, jitter_max_ms: 30}
http: 8080
calls: {ring_s: -1}
asterisks: [{name: pbx1, ami: "tcp:127.0.0.1", secret: x, host: 127.0.0.1}]
trunks: {name: lab}
accounts: {acme1: {api_key: "a:b", api_token: t}}
apps: {"1001": {account: acme2, url: "ws://bot/", chunk_ms: 30}}
numbers: {"lots": {account: acme1}}
billing: INR
"""
    )
    assert found == {
        "node": "must be a name: letters, digits, - and _, beginning with a letter or a digit (it is 'gateway one')",
        "gateway.capasity": "is not a known key; did you mean 'capacity'?",
        "gateway.capacity": "must be a whole number from 1 to 100000 (it is 'many')",
        "rtp.advertise": "must be an IPv4 address, such as 10.0.0.5 (it is 'localhost')",
        "rtp.ports": "must be a range of ports from 1024 to 65535, the lower one first (it is '23999-20000')",
        "rtp.codec": "must be one of ulaw, alaw; did you mean 'alaw'? (it is 'alow')",
        "rtp.jitter_max_ms": "must be a multiple of 20 from 20 to 2000 (it is '30')",
        "http": "must be an endpoint that begins with one of tcp, tcp6, ssl, tls, unix, systemd (it is '8080')",
        "calls.ring_s": "must be a number from 0.1 to 600 (it is '-1')",
        "asterisks[0].ami": "must name a host and a port, written as tcp:10.0.1.5:5038 (it is 'tcp:127.0.0.1')",
        "asterisks[0].username": "is missing; add it, for example username: exoswitch",
        "trunks": "must be a list, not a mapping",
        "accounts.acme1.api_key": "must not contain a colon (it is 'a:b')",
        "apps.1001.chunk_ms": "must be a multiple of 20 from 20 to 1000 (it is '30')",
        "numbers.lots": "must be a phone number, such as '+918047491899' (it is 'lots')",
        "numbers.lots.app": "is missing; add it, for example app: a-name",
        "billing": "must be a mapping of keys to values, not a single value",
        "apps.1001.account": "there is no 'acme2' under accounts:; did you mean 'acme1'?",
    }


def test_single_value_in_place_of_a_list_has_the_remedy(problems, good):
    found = problems(good.replace("api_key:", "callback_hosts: crm, api_key:"))
    assert found == {"accounts.acme1.callback_hosts": "must be a list, not a single value; put it in [ ]"}


def test_missing_secret_is_shown_with_a_placeholder(problems, good):
    found = problems(good.replace(", secret: s3cret-of-pbx-10", ""))
    assert found == {"asterisks[0].secret": 'is missing; add it, for example secret: "${NAME}"'}


def test_no_asterisk_at_all_is_a_problem(problems, good):
    assert problems("node: gw1") == {"asterisks": "is missing; add asterisks: with at least one entry"}
    assert problems("asterisks: []") == {"asterisks": "must have at least one entry"}


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_empty_file_is_a_problem(problems, text):
    assert problems(text) == {"the file": "is empty; write a mapping of keys to values"}


def test_section_without_content_is_a_problem(problems, good):
    found = problems(good + "billing:\ngateway:\n  # capacity: 10\n")
    assert found.keys() == {"billing", "gateway"}
    assert found["billing"] == "is empty; write a mapping of keys to values, or remove it"


def test_cluster_is_a_redis_or_absent(read, good):
    assert read(good).cluster == ""
    assert read(good + "cluster: redis://:p@127.0.0.1/0\n").cluster == "redis://:p@127.0.0.1/0"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("redis:hunter2@db", "must be written as redis://"),
        ("rediss://:hunter2@db", "Redis over TLS is not supported"),
    ],
)
def test_cluster_at_another_kind_of_address_is_refused_without_repeating_it(problems, good, address, message):
    found = problems(good + f"cluster: {address}\n")
    assert message in found["cluster"]
    assert "hunter2" not in found["cluster"]


def test_sessions_are_kept_in_the_folder_of_the_file_by_default(read, good, tmp_path):
    config = read(good)
    assert config.sessions == f"sqlite:///{tmp_path}/exoswitch.db"
    assert config.journal == f"{tmp_path}/exoswitch-journal"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("memory", "memory"),
        ("postgresql://u:p@db/exo?sslmode=require", "postgresql://u:p@db/exo?sslmode=require"),
        ("sqlite:///calls.db", "sqlite:///{}/calls.db"),
        ("sqlite:////tmp/c.db", "sqlite:////tmp/c.db"),
    ],
)
def test_sessions_are_kept_where_the_file_says(read, good, tmp_path, written, meant):
    config = read(good + f"sessions: {written}\njournal: notes\n")
    assert (config.sessions, config.journal) == (meant.format(tmp_path), f"{tmp_path}/notes")


def test_sessions_in_a_missing_folder_are_a_problem(problems, good):
    assert "no does not exist; create it" in problems(good + "sessions: sqlite:///no/such.db\n")["sessions"]


@pytest.mark.parametrize(
    "address",
    ["mysql://hunter2@db/exo", "postgresql://u:hunter2@db:x/exo", "postgresql://db", "sqlite:///", "calls.db"],
)
def test_sessions_at_another_kind_of_address_are_refused_without_repeating_it(problems, good, address):
    found = problems(good + f"sessions: {address}\n")
    assert found == {"sessions": "must be sqlite:///PATH, postgresql://USER:PASSWORD@HOST/DATABASE, or memory"}


@pytest.mark.parametrize("password", ["hunter@2", "hunter/2"])
def test_password_with_a_character_that_must_be_encoded_is_refused_without_repeating_it(problems, good, password):
    found = problems(good + f"sessions: postgresql://exo:{password}@db/exo\n")
    assert found == {"sessions": "has an @ or a / in its user or password: write them as %40 and %2F"}


def test_unknown_key_that_resembles_no_other_lists_the_known_ones(problems, good):
    found = problems(good + "billing: {vat: 18}\n")
    assert found == {"billing.vat": "is not a known key; known here: currency, baseline, typical_call_s"}


def test_items_of_a_list_are_counted_from_zero(problems, good):
    found = problems(good.replace("port: 5070", "codecs: [alaw, [ulaw], mp3]"))
    assert found["trunks[0].codecs[1]"] == "must be a single value, not a list"
    assert found["trunks[0].codecs[2]"] == "must be one of alaw, ulaw, g722, gsm (it is 'mp3')"


def test_missing_file_is_one_problem(tmp_path):
    path = tmp_path / "absent.yaml"
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(path, SETTINGS, {})


SECRETS = ("hunter2", "s3cret-of-pbx-10", "t0ken-of-acme-10", "pa55")


@pytest.mark.parametrize(
    ("good_part", "bad_part"),
    [
        ("secret: s3cret-of-pbx-10", "secret: [hunter2]"),
        ("secret: s3cret-of-pbx-10", 'secret: "hunter2\\n"'),
        ("secret: s3cret-of-pbx-10", 'secret: "hunter2${"'),
        ("secret: s3cret-of-pbx-10", "secret: *hunter2"),
        ("secret: s3cret-of-pbx-10", "secret: !hunter2!x y"),
        ("secret: s3cret-of-pbx-10", "secret: &hunter2 a, sip: &hunter2 b"),
        ("secret: s3cret-of-pbx-10", "secret: 'hunter2"),
        ("secret: s3cret-of-pbx-10", "secert: hunter2"),
        ("api_token: t0ken-of-acme-10", 'api_token: ""'),
        ("ws://bot:pa55@127.0.0.1:9000/ws", "http://bot:pa55@127.0.0.1:hunter2/ws"),
        ("ws://bot:pa55@127.0.0.1:9000/ws", "ws://bot:pa55@127.0.0.1:hunter2/ws"),
        ("ws://bot:pa55@127.0.0.1:9000/ws", "${BOT_URL}"),
    ],
)
def test_no_secret_is_in_any_problem(read, good, good_part, bad_part):
    assert good_part in good
    with pytest.raises(ConfigError) as caught:
        read(good.replace(good_part, bad_part), BOT_URL="wss://:hunter2@/")
    messages = f"{caught.value} {caught.value!r} {caught.value.__context__} {caught.value.problems!r}"
    assert not [secret for secret in SECRETS if secret in messages]


def test_value_from_the_environment_is_shown_as_its_placeholder(problems, good):
    found = problems(good + "gateway: {capacity: '${CAPACITY}'}\n", CAPACITY="hunter2")
    assert found["gateway.capacity"].endswith("(it is '${CAPACITY}')")


def test_no_secret_is_in_the_repr_of_a_configuration(read, good):
    assert not [secret for secret in SECRETS if secret in repr(read(good))]


def test_report_of_a_good_file_names_its_entries(tmp_path, good):
    file = tmp_path / "exoswitch.yaml"
    file.write_text(good)
    text, status = report(file, SETTINGS, {})
    assert status == 0
    assert text == (
        "node       gw1\n"
        "asterisks  pbx1\n"
        "trunks     lab\n"
        "accounts   acme1\n"
        "apps       1001\n"
        "numbers    +918047491899\n"
        f"{file} is good"
    )


def test_report_of_a_good_file_ends_in_its_warnings(tmp_path, good):
    file = tmp_path / "exoswitch.yaml"
    file.write_text(good + "http: tcp:8080\n")
    text, status = report(file, SETTINGS, {})
    assert status == 0
    assert "warning: http: listens on every interface" in text


def test_report_of_a_bad_file_counts_its_problems(tmp_path, good):
    file = tmp_path / "exoswitch.yaml"
    file.write_text(good.replace("port: 5070", "port: 0") + "node: a b\n")
    text, status = report(file, SETTINGS, {})
    assert status == 2
    assert text.splitlines()[-1] == f"2 problems in {file}"
    assert "trunks[0].port: must be a whole number from 1 to 65535 (it is '0')\n" in text


def test_numbers_of_a_trunk_are_expanded_and_each_is_kept_once(read, good):
    ranges = 'port: 5070, numbers: ["+914024001398-99", "04024001399", "+918047491899"]'
    numbers = read(good.replace("port: 5070", ranges)).trunks[0].numbers
    assert numbers == ("+914024001398", "+914024001399", "+918047491899")


def test_a_key_with_a_line_feed_or_an_escape_gives_one_printable_line(read, good):
    with pytest.raises(ConfigError) as caught:
        read(good + '"a\\nb\\e[2J": 1\n')
    assert str(caught.value.problems[0]).startswith(r"a\nb\x1b[2J: is not a known key")
    assert str(caught.value).isprintable()

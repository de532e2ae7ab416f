"""Which endpoint answers a path."""

import pytest
from attrs import frozen

from exoswitch.errors import InvalidValue
from exoswitch.exotel.rest.routes import Routes


@frozen
class Endpoint:
    methods: tuple[str, ...]
    path: str


CONNECT = Endpoint(("POST",), "/v1/Accounts/<sid>/Calls/connect")
CALL = Endpoint(("GET",), "/v1/Accounts/<sid>/Calls/<call_sid>")
CHANGE = Endpoint(("PUT",), "/v1/Accounts/<sid>/Calls/<changed>")
ACCOUNT = Endpoint(("GET",), "/v1/Accounts/<sid>")
ROUTES = Routes.of((CALL, CONNECT, ACCOUNT, CHANGE))


@pytest.mark.parametrize(
    ("path", "variables"),
    [
        ("/v1/Accounts/acme1/Calls/s1", {"sid": "acme1", "call_sid": "s1"}),
        ("/v1/Accounts/acme1/Calls/s1.json", {"sid": "acme1", "call_sid": "s1"}),
        ("/v1/accounts/acme1/calls.json/s1/", {"sid": "acme1", "call_sid": "s1"}),
        ("/V1/ACCOUNTS/Acme1/CALLS/S1.JSON", {"sid": "Acme1", "call_sid": "S1"}),
        ("/v1/Accounts/a%20b/Calls/%2B91", {"sid": "a b", "call_sid": "+91"}),
    ],
)
def test_words_match_in_any_case_and_with_a_suffix(path, variables):
    match = ROUTES.find(path).match("GET")
    assert (match.endpoint, match.variables) == (CALL, variables)


def test_a_word_comes_before_a_variable():
    route = ROUTES.find("/v1/Accounts/acme1/Calls/connect.json")
    assert (route.match("POST").endpoint, route.match("GET"), route.methods) == (CONNECT, None, ("POST",))


def test_each_method_of_a_path_has_variables_of_its_own():
    route = ROUTES.find("/v1/Accounts/acme1/Calls/s1")
    assert route.methods == ("GET", "HEAD", "PUT")
    assert route.match("HEAD").variables == {"sid": "acme1", "call_sid": "s1"}
    assert route.match("PUT").variables == {"sid": "acme1", "changed": "s1"}


@pytest.mark.parametrize(
    ("path", "account"),
    [
        ("/v1/Accounts/acme1.json", "acme1"),
        ("/v1/Accounts/acme1/x", "acme1"),
        ("/v2/accounts/acme1/x", "acme1"),
        ("/v2_beta/Accounts/acme1/x/y/z", "acme1"),
        ("/v3/accounts/a%2Fb", "a/b"),
        ("/v1/Accounts/", None),
        ("/v1/Accounts", None),
        ("/", None),
        ("/x/Accounts/acme1", None),
    ],
)
def test_a_path_names_its_account_even_if_it_has_no_endpoint(path, account):
    assert ROUTES.find(path).account == account


@pytest.mark.parametrize("path", ["/v1/Accounts//Calls/s1", "/v1/Accounts/acme1/Calls/.json", "/v1/x/acme1/Calls/s1"])
def test_an_empty_variable_and_another_word_match_nothing(path):
    assert ROUTES.find(path).matches == {}


def test_two_endpoints_of_one_method_and_path_are_refused():
    with pytest.raises(InvalidValue, match="two endpoints answer GET /v1/accounts/<other>"):
        Routes.of((ACCOUNT, Endpoint(("GET",), "/v1/accounts/<other>")))

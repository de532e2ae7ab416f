"""One gateway for all tests of dialers in a process, and the environment of the published clients."""

from collections.abc import Iterator

import pytest

from tests.harness.dialers.rig import Rig


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Give the gateway; `requests`, which the published clients use, trusts its certificate."""
    with Rig(tmp_path_factory.mktemp("rig")) as running, pytest.MonkeyPatch.context() as environment:
        environment.setenv("REQUESTS_CA_BUNDLE", str(running.ca))
        environment.setenv("NO_PROXY", "127.0.0.1")
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """Show the gateway's log with every test that fails."""
    report: pytest.TestReport = yield
    rig = getattr(item, "funcargs", {}).get("rig")
    if report.failed and isinstance(rig, Rig):
        report.sections.append(("The gateway's log", rig.log()))
    return report

import pytest

from exoswitch.asterisk.pjsip import revision_of
from exoswitch.asterisk.reloading import modules_to_reload, restarts_needed
from tests.asterisk.conftest import trunk_at

TIMER = "timer_b = 6400"


def changed(files, name, old, new):
    assert old in files[name]
    return {**files, name: files[name].replace(old, new)}


def test_modules_of_changed_files_are_reloaded_and_that_of_the_trunks_always(rendered):
    files = rendered()
    assert modules_to_reload(files, files) == ["res_pjsip.so"]
    other = changed(files, "extensions.conf", "Hangup(34)", "Hangup(17)")
    assert modules_to_reload(other, files) == ["res_pjsip.so", "pbx_config.so"]


def test_trunk_that_is_added_needs_no_restart(rendered):
    files = rendered(trunk_at("lab", "10.9.0.1"))
    live = changed(files, "pjsip.conf", revision_of(files["pjsip.conf"]), "exoswitch.000000000000")
    assert list(restarts_needed(live, files)) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("pjsip.conf", "bind = 0.0.0.0:5061", "bind = 10.0.0.1:5061", "[tls] in pjsip.conf"),
        ("pjsip.conf", TIMER, "timer_b = 32000", "[system] in pjsip.conf"),
        ("modules.conf", "load = chan_pjsip.so\n", "", "modules.conf"),
        ("asterisk.conf", "maxcalls", "mincalls", "asterisk.conf"),
    ],
)
def test_change_that_asterisk_reads_only_when_it_starts_is_named(rendered, name, old, new, told):
    files = rendered()
    assert list(restarts_needed(changed(files, name, old, new), files)) == [told]


def test_files_for_the_system_need_no_restart_of_asterisk(rendered):
    files = rendered()
    assert list(restarts_needed(changed(files, "system/asterisk/asterisk.service", "Nice", "nice"), files)) == []

from pathlib import Path

from exoswitch.asterisk.installation import installation


def commands(out, etc_dir, state_dir=None):
    files = ["manager.conf", "asterisk.conf", "system/asterisk/asterisk.service"]
    return list(installation(files, out=Path(out), etc_dir=etc_dir, state_dir=state_dir))


def test_files_are_copied_to_asterisks_folder_and_belong_to_its_user():
    assert commands("pbx 1", "/etc/asterisk") == [
        "install -o asterisk -g asterisk -m 0750 -d /etc/asterisk",
        "install -o asterisk -g asterisk -m 0640 'pbx 1'/*.conf 'pbx 1'/*.sln /etc/asterisk/",
        "install -m 0755 'pbx 1'/system/asterisk/carrier-routes /usr/local/sbin/",
        "install -m 0644 'pbx 1'/system/asterisk/asterisk.service /etc/systemd/system/",
        "systemctl daemon-reload && systemctl enable asterisk && systemctl restart asterisk",
        "# in a container, without systemd: asterisk -U asterisk -C /etc/asterisk/asterisk.conf",
    ]


def test_files_that_are_in_place_get_their_owner():
    assert commands("/srv/pbx1", "/srv/pbx1")[1] == (
        "chown asterisk:asterisk /srv/pbx1/asterisk.conf /srv/pbx1/manager.conf"
    )


def test_folders_of_a_state_directory_are_made_before_asterisk_starts():
    *_, folders, _, _, _, start = commands("pbx1", "/srv/etc", "/srv/state")
    assert folders.startswith("install -o asterisk -g asterisk -m 0750 -d /srv/state /srv/state/run ")
    assert " /srv/state/db" in folders
    assert start.endswith(" asterisk -U asterisk -C /srv/etc/asterisk.conf")

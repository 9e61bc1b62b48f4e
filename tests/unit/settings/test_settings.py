"""The settings file: what survives, what is refused and how it is said."""

import tomllib

import pytest
from msgspec.structs import replace

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.settings.schema import HubSettings, Settings, WindowSettings, describe
from spc_desktop.settings.store import load_settings, save_settings, settings_path


def test_that_missing_file_means_defaults(tmp_path):
    assert load_settings(settings_path(tmp_path)) == Settings()


def test_that_saved_settings_are_read_back_equal(tmp_path):
    path = settings_path(tmp_path / "new folder")
    settings = Settings(
        hub=HubSettings(port=8123, data_dir='C:\\한글 "path"'),
        window=WindowSettings(language="ko", unsubscribed={"this PC": ("P-100", "샘플")}),
    )
    save_settings(path, settings)
    assert load_settings(path) == settings
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.toml"]


@pytest.mark.parametrize(
    ("text", "key", "part"),
    [
        ("[hub]\nport = 70000", "hub.port", "65535"),
        ('[hub]\nport = "many"', "hub.port", "'many'"),
        ("[hub]\nprot = 1", "hub.prot", "allowed here: host, port"),
        ('[window]\ntheme = "pink"', "window.theme", "pink"),
        ("[hub", "", "not valid TOML"),
        ("version = 0", "version", "whole number"),
        ("[colours]\na = 1", "colours", "allowed here: version, hub"),
    ],
)
def test_that_mistake_is_told_with_its_key_and_leaves_the_file(tmp_path, text, key, part):
    path = settings_path(tmp_path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_settings(path)
    assert caught.value.code == "settings_invalid"
    assert caught.value.params["key"] == key
    assert part in caught.value.params["problem"]
    assert caught.value.params["file"] == str(path)
    assert path.read_text(encoding="utf-8") == text


def test_that_newer_file_is_refused(tmp_path):
    path = settings_path(tmp_path)
    path.write_text("version = 99", encoding="utf-8")
    with pytest.raises(UserError, match="settings_newer"):
        load_settings(path)


def test_that_older_file_is_brought_up_to_date_and_kept(tmp_path):
    path = settings_path(tmp_path)
    path.write_text("version = 1\n[hub]\ntcp_port = 8124\n", encoding="utf-8")

    def rename(tables):
        hub = dict(tables["hub"])
        hub["port"] = hub.pop("tcp_port")
        return {**tables, "hub": hub}

    settings = load_settings(path, {1: rename}, version=2)
    assert settings.hub.port == 8124
    save_settings(path, settings)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["version"] == 2
    assert "tcp_port" in (tmp_path / "settings.v1.toml").read_text(encoding="utf-8")


def test_that_failed_write_leaves_the_old_file(tmp_path):
    path = settings_path(tmp_path)
    save_settings(path, Settings())
    path.with_name("settings.toml.new").mkdir()
    with pytest.raises(KnownError, match="settings_unwritable"):
        save_settings(path, replace(Settings(), hub=HubSettings(port=1)))
    assert load_settings(path) == Settings()


def test_that_every_setting_of_the_hub_has_a_description():
    assert all(describe(HubSettings, name) for name in HubSettings.__struct_fields__)

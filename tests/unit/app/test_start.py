"""Options and settings file together, what is refused, who has a port, one program per folder, the log."""

import errno
import json
import logging
import os
import signal
import socket
import subprocess
import sys

import pytest

from spc_desktop.app.cli import _parser, run
from spc_desktop.app.failures import SENTENCES, explain, listen_failure
from spc_desktop.app.instance import note_address, running_hub, sole_user
from spc_desktop.app.logs import logging_to
from spc_desktop.app.ports import free_port, who_listens
from spc_desktop.app.start import read_start
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import placeholders, translate
from spc_desktop.settings.schema import HubSettings, Settings
from spc_desktop.settings.store import save_settings, settings_path


def start_of(*arguments):
    return read_start(_parser().parse_args(arguments))


def test_that_option_overrules_the_file_and_the_file_the_default(tmp_path):
    save_settings(settings_path(tmp_path), Settings(hub=HubSettings(port=8111)))
    assert start_of("hub", "--data-dir", str(tmp_path)).settings.hub.port == 8111
    start = start_of("hub", "--data-dir", str(tmp_path), "--port", "8222")
    assert (start.settings.hub.port, start.saved.hub.port) == (8222, 8111)


def test_that_gui_takes_the_options_of_the_hub_and_its_own(tmp_path):
    common = ["--data-dir", str(tmp_path), "--port", "8123", "--sample-plant=5", "--seed", "9", "--language", "ko"]
    start = start_of(*common, "--theme", "dark", "--background")
    assert start.settings.sample_plant.enabled
    assert (start.settings.sample_plant.speed, start.settings.sample_plant.seed) == (5.0, 9)
    assert (start.settings.window.language, start.settings.window.theme, start.hidden) == ("ko", "dark", True)
    assert start_of("hub", *common).settings == start_of(*common).settings


def test_that_sample_plant_is_off_unless_asked_for(tmp_path):
    assert not start_of("hub", "--data-dir", str(tmp_path)).settings.sample_plant.enabled


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--sample-plant=0"], ["--seed", "-5"]])
def test_that_option_out_of_range_is_refused_with_the_range(tmp_path, capsys, arguments):
    assert run(["hub", "--data-dir", str(tmp_path), *arguments]) == 2
    assert "Expected" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.9.1"])
def test_that_own_computer_needs_no_further_wish(tmp_path, host):
    assert start_of("hub", "--data-dir", str(tmp_path), "--host", host).settings.hub.host == host


def test_that_every_failure_has_a_korean_sentence_with_the_same_values():
    for text, status in SENTENCES.values():
        korean = translate(text, "ko")
        assert placeholders(korean) == placeholders(text)
        assert korean != text or text == "{problem}" or text.startswith("{file}: {key}")
        assert status


def test_that_other_errors_are_explained_too():
    text, status = explain(UserError("value_not_finite"))
    assert "finite" in text or "유한" in text
    assert status == 2


def test_that_program_on_a_port_is_found():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        if sys.platform.startswith("linux"):
            assert f"({os.getpid()})" in who_listens(port)
        error = listen_failure(OSError(errno.EADDRINUSE, "Address already in use"), "127.0.0.1", port)
        assert error.code == "port_in_use"
        free = error.params["free"]
        assert free not in {0, port}
        with socket.create_server(("127.0.0.1", free)):
            assert free_port("127.0.0.1", port) != free
    assert str(free) in explain(error)[0]
    assert who_listens(port) == ""


def test_that_folder_has_one_user_at_a_time_and_tells_which(tmp_path):
    with sole_user(tmp_path):
        note_address(tmp_path, "http://127.0.0.1:1")
        with pytest.raises(KnownError) as caught, sole_user(tmp_path):
            pass
        assert caught.value.params["url"] == "http://127.0.0.1:1"
        assert caught.value.params["pid"] == str(os.getpid())
    assert running_hub(tmp_path) == {}
    with sole_user(tmp_path):
        pass


def test_that_lock_ends_with_a_killed_process(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from spc_desktop.app.instance import *;"
        "guard = sole_user(Path(sys.argv[1])); guard.__enter__(); note_address(Path(sys.argv[1]), 'http://gone');"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(KnownError, match="data_dir_in_use"), sole_user(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        holder.wait()
    with sole_user(tmp_path):
        assert running_hub(tmp_path) == {}, "the note of a killed program is not believed"


def test_that_log_is_complete_when_the_block_ends(tmp_path):
    with logging_to(tmp_path) as path:
        for number in range(500):
            logging.getLogger("spc_desktop.test").info("line %d 한글", number)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 500
    assert lines[-1].endswith("line 499 한글")


def test_that_json_log_is_one_object_a_line(tmp_path, capsys):
    with logging_to(tmp_path, json_lines=True) as path:
        logging.getLogger("spc_desktop.test").info("two\nlines")
        try:
            raise RuntimeError("seen")
        except RuntimeError:
            logging.getLogger("spc_desktop.test").warning("with traceback", exc_info=True)
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first["message"] == "two\nlines"
    assert "RuntimeError: seen" in second["traceback"]
    assert "two" in capsys.readouterr().err

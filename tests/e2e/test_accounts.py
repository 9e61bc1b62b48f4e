"""Users and tokens from the command line, before the hub runs and while it runs."""

import os
import stat
import subprocess
import sys

from tests.e2e.programs import PATIENCE, ROOT, Program, request, run

PASSWORD = "correct horse battery"


def run_with(text, *arguments, data_dir):
    """Run a command that reads its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "spc_desktop", *arguments, "--data-dir", str(data_dir), "--language", "en"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def test_that_accounts_are_made_before_and_while_the_hub_runs(tmp_path):
    folder = tmp_path / "data"
    assert run_with(f"{PASSWORD}\n", "user", "add", "kim", "--role", "operator", data_dir=folder)[0] == 0
    status, output = run_with("short\n", "user", "add", "lee", data_dir=folder)
    assert (status, "10 to 256" in output) == (2, True), output
    with Program("hub", "--port", "0", "--allow-anonymous", "off", data_dir=folder) as hub:
        url = hub.wait_until_up()
        assert request("GET", f"{url}/api/spc/alerts/")[0] == 401
        status, made = request("POST", f"{url}/api/spc/sign-in/", {"user": "kim", "password": PASSWORD})
        assert (status, made["details"]["user"]) == (201, "kim")
        status, output = run("token", "add", "kim", "--label", "line 3", "--days", "30", data_dir=folder)
        assert status == 0, output
        token = output.splitlines()[0]
        signed = {"Authorization": f"Bearer {token}"}
        assert request("GET", f"{url}/api/spc/alerts/", **signed)[0] == 200
        token_id = token.split("_")[1]
        listed = run("token", "list", data_dir=folder)[1]
        assert token_id in listed
        assert "line 3" in listed
        assert token not in listed
        assert run("token", "revoke", token_id, data_dir=folder)[0] == 0
        assert request("GET", f"{url}/api/spc/alerts/", **signed)[0] == 401
        if os.name != "nt":
            assert stat.S_IMODE((folder / "hub.json").stat().st_mode) == 0o600
        assert hub.stop() == 0
    assert "kim  operator" in run("user", "list", data_dir=folder)[1]


def test_that_a_hub_others_can_reach_prints_a_set_up_code_until_there_is_an_administrator(tmp_path):
    folder = tmp_path / "data"
    arguments = ("hub", "--port", "0", "--host", "0.0.0.0", "--insecure", "--language", "en")
    with Program(*arguments, data_dir=folder) as hub:
        url = hub.wait_until_up()
        while "Set-up code" not in hub.output:
            assert hub.process.poll() is None, hub.output
        code = next(line for line in hub.output.splitlines() if "Set-up code" in line).split()[-1]
        body = {"code": code, "user": "root", "password": PASSWORD}
        assert request("POST", f"{url}/api/spc/set-up/", body)[0] == 201
        assert request("POST", f"{url}/api/spc/set-up/", {**body, "user": "eve"})[0] == 403
        assert hub.stop() == 0
    with Program(*arguments, data_dir=folder) as hub:
        hub.wait_until_up()
        assert hub.stop() == 0
        assert "Set-up code" not in hub.output

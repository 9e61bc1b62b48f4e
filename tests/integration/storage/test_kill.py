"""``kill -9`` while writing: what was answered is stored, and the log has no holes."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from spc_desktop.protocol import messages as m
from spc_desktop.storage.store import SqlStore

ROUNDS = 3
LINES = 400


def write_until_killed(file, first):
    """Return the answers that were given before the kill, as id -> seq."""
    command = [sys.executable, "-m", "tests.integration.storage.writing_child", str(file), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        lines = [child.stdout.readline() for _ in range(LINES)]
        os.kill(child.pid, signal.SIGKILL)
        lines += child.stdout.read().splitlines(keepends=True)
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {int(number): int(seq) for number, seq in whole}


@pytest.mark.slow
async def test_that_after_a_kill_all_answered_is_stored_and_the_log_has_no_hole(tmp_path):
    file = tmp_path / "s.db"
    answered = {}
    for _ in range(ROUNDS):
        answered |= (
            write_until_killed(file, max(answered, default=0) + 100) if answered else write_until_killed(file, 1)
        )
        with closing(sqlite3.connect(file)) as connection:
            (check,) = connection.execute("PRAGMA integrity_check").fetchone()
            assert check == "ok"
            stored = dict(connection.execute("SELECT id, changed_seq FROM alert").fetchall())
            points = {index for (index,) in connection.execute("SELECT point_index FROM point")}
            seqs = [seq for (seq,) in connection.execute("SELECT seq FROM event ORDER BY seq")]
        assert {number: stored.get(number) for number in answered} == answered
        assert points == set(stored)  # a batch is there whole or not at all
        assert seqs == list(range(1, len(stored) + 2))
        async with SqlStore(file) as store:
            assert (await store.load()).head == seqs[-1]
            page = await store.query(m.GetEvents(since=1, limit=len(seqs)))
            assert {event.alert.id: event.seq for event in page.events} == stored
    assert len(answered) >= ROUNDS * LINES

"""The single consumer of the intake: fold, commit, then and only then publish and answer."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from spc_desktop.domain.alert import Words
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.delivering import announce
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.feed import Feed
from spc_desktop.hub.intake import Entry, Intake, Order, Submission, refuse
from spc_desktop.hub.ports import Batch, Clock, Store
from spc_desktop.hub.station import Station
from spc_desktop.protocol import messages as m

log = logging.getLogger(__name__)

MOST_PER_BATCH = 500
# Longest stretch of folding between two turns of the event loop, in seconds.
SLICE = 0.003
# The clock is looked at once in so many measurements (of some 20 microseconds each).
LOOK = 8


class Pipeline:
    """Turns entries into committed events, one batch after the other."""

    def __init__(self, store: Store, station: Station, intake: Intake, feed: Feed, clock: Clock, words: Words) -> None:
        self._store = store
        self._station = station
        self._intake = intake
        self._feed = feed
        self._clock = clock
        self._words = words
        self._slice_began = 0.0
        self.on_commit: Callable[[float], None] = lambda _seconds: None
        """Hears how long each commit took."""
        self._began = clock.now(), clock.monotonic()
        self.trouble = ""
        """Code of the ``KnownError`` that kept the newest batch from being stored; empty while all is well."""

    async def run(self) -> None:
        """Work until the intake is closed and drained. However it ends, nobody is left waiting."""
        taken: list[Entry] = []
        try:
            while taken := await self._intake.take(MOST_PER_BATCH):
                await self._carry_out(taken)
        finally:
            for entry in taken:
                refuse(entry, KnownError("shutting_down"))
            self._intake.abandon()

    def steady(self) -> datetime:
        """Return the time that decides about alarms: the wall clock at the start and what has passed since.

        It does not follow when the wall clock is set, so that nothing is announced, ended or escalated by that.
        """
        wall, monotonic = self._began
        return wall + timedelta(seconds=self._clock.monotonic() - monotonic)

    async def _carry_out(self, entries: list[Entry]) -> None:
        """Fold, commit and publish one batch; a failed commit leaves no trace but its error."""
        try:
            known, ended = await self._look_up(entries)
            draft = Draft(self._station, self._clock.now(), self._words, self.steady())
            draft.lend(ended)
            await self._look_up_entries(draft, entries, known)
            try:
                answers = await self._fold(draft, entries, known)
                announce(draft)
                batch = draft.finish()
            except KnownError:
                raise
            except Exception as bug:  # noqa: BLE001 - boundary: one entry that cannot be folded must not end the hub
                await self._survive(entries, bug)
                return
            began = self._clock.monotonic()
            events = await self._store.append(batch) if _has_content(batch) else []
            self._intake.pace = self._clock.monotonic() - began
            self.on_commit(self._intake.pace)
        except KnownError as error:
            # Once loudly: what is tried again and again would fill the log of a full disk.
            level = logging.INFO if self.trouble == error.code else logging.WARNING
            log.log(level, "batch of %d entries was not stored: %s", len(entries), error)
            self.trouble = error.code
            for entry in entries:
                refuse(entry, error)
            return
        self.trouble = ""
        draft.adopt()
        self._feed.publish(events)
        for entry, answer in answers:
            if not entry.done.done():
                entry.done.set_result(answer)

    async def _survive(self, entries: list[Entry], bug: Exception) -> None:
        """Fold the entries of a batch that a bug has ended one by one: only the culprit is refused, the rest is stored."""
        if len(entries) > 1:
            log.warning("a batch of %d entries could not be folded (%r); each is tried alone", len(entries), bug)
            for entry in entries:
                if not entry.done.done():
                    await self._carry_out([entry])
            return
        (culprit,) = entries
        log.error("an entry could not be folded", exc_info=bug)
        if isinstance(culprit, Submission):
            draft = Draft(self._station, self._clock.now(), self._words)
            for at, item in enumerate(culprit.items):
                draft.quarantine(item, UserError("internal", error=repr(bug)), at)
            await self._store.append(draft.finish())
        refuse(culprit, KnownError("internal"))

    async def _look_up(self, entries: list[Entry]) -> tuple[dict[str, int], list[Any]]:
        """Ask the store for what the fold needs and memory has not: keys stored before, alerts that have ended."""
        keys = {item.key for entry in entries if isinstance(entry, Submission) for item in entry.items if item.key}
        keys |= {key for entry in entries if isinstance(entry, Order) for key in entry.keys}
        known = await self._store.known_keys(keys) if keys else {}
        ended = []
        for entry in entries:
            for alert_id in entry.alert_ids if isinstance(entry, Order) else ():
                if alert_id not in self._station.open_alerts:
                    try:
                        ended.append(await self._store.query(m.GetAlert(alert_id=alert_id)))
                    except UserError as error:
                        log.info("alert %d asked for: %s", alert_id, error)
        return known, ended

    async def _look_up_entries(self, draft: Draft, entries: list[Entry], known: dict[str, int]) -> None:
        """Ask the store what became of entries and notes whose keys come again: here nobody can be faster."""
        draft.known = known
        for entry in entries:
            for key in entry.keys if isinstance(entry, Order) else ():
                row = await self._store.measurement(known[key]) if key in known else None
                note = await self._store.noted(key)
                if row is not None:
                    draft.known_rows[key] = row
                if note is not None:
                    draft.known_notes[key] = note

    async def _fold(self, draft: Draft, entries: list[Entry], known: dict[str, int]) -> list[tuple[Entry, Any]]:
        answers: list[tuple[Entry, Any]] = []
        self._slice_began = self._clock.monotonic()
        pending: list[tuple[Submission, _Tally]] = []
        for entry in entries:
            if isinstance(entry, Submission):
                pending.append((entry, await self._fold_submission(draft, entry, known)))
                continue
            try:
                answers.append((entry, entry.apply(draft)))
            except UserError as error:
                refuse(entry, error)
        answers.extend((entry, tally.result(draft)) for entry, tally in pending)
        return answers

    async def _fold_submission(self, draft: Draft, submission: Submission, known: dict[str, int]) -> "_Tally":
        tally = _Tally()
        for at, item in enumerate(submission.items):
            if item.key and item.key in known:
                tally.duplicates += 1
                continue
            try:
                rows = draft.measure(item)
            except UserError as error:
                tally.rejected.append(draft.quarantine(item, error, at))
            else:
                tally.accepted += 1
                tally.first_id = tally.first_id or rows[0]
                tally.rows += rows[1]
                if item.key:
                    known[item.key] = rows[0]
            if at % LOOK == 0 and self._clock.monotonic() - self._slice_began > SLICE:
                await asyncio.sleep(0)
                self._slice_began = self._clock.monotonic()
        return tally


class _Tally:
    """What became of the items of one submission."""

    __slots__ = ("accepted", "duplicates", "first_id", "rejected", "rows")

    def __init__(self) -> None:
        self.accepted = 0
        self.duplicates = 0
        self.first_id = 0
        self.rows = 0
        self.rejected: list[m.Rejected] = []

    def result(self, draft: Draft) -> m.SubmitResult:
        rows = draft.rows(self.first_id, self.rows) if self.rows else ()
        return m.SubmitResult(
            accepted=self.accepted,
            duplicates=self.duplicates,
            rejected=tuple(self.rejected),
            measurements=tuple(rows),
        )


def _has_content(batch: Batch) -> bool:
    return bool(
        batch.events
        or batch.measurements
        or batch.quarantined
        or batch.alerts
        or batch.plans
        or batch.documents
        or batch.masks
        or batch.notes
        or batch.deliveries
        or batch.monitor_states
    )

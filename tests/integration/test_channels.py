"""E-mail and webhooks over real sockets: each alert arrives, once and signed, over failures and restarts, or is on record."""

import asyncio
import base64
import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes, policy

import msgspec
import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP

from spc_desktop.app.channels import languages_of, make_channels, outlets_of
from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.alert import AlertType, Priority
from spc_desktop.domain.announcement import EMAIL, TOAST, Preferences
from spc_desktop.domain.delivery import DeliveryOutcome
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.courier import Courier
from spc_desktop.hub.hub import Hub
from spc_desktop.paths import resource
from spc_desktop.protocol import messages as m
from spc_desktop.settings.schema import ChannelSettings, EmailSettings, Settings, WebhookSettings
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.storage.store import SqlStore
from tests.integration.server.clients import CATALOGUE

PATIENCE = 20.0


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("spc_desktop.hub.courier.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("spc_desktop.domain.delivery.GROUP_WAIT", timedelta(seconds=0.3))
    monkeypatch.setattr("spc_desktop.domain.delivery.RETRIES_S", (0.02, 0.02))


class Receiver:
    """A web server that answers as it is told and keeps what it got."""

    def __init__(self):
        self.answers, self.got = [], []
        self.held = None

    async def take(self, request):
        self.got.append((dict(request.headers), await request.read()))
        if self.held is not None:
            await self.held.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else 204)

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.got]

    def alerts(self):
        return [one["alert"] for _, body in self.got for one in json.loads(body)["data"]["alerts"]]


@pytest.fixture
async def receiver():
    one = Receiver()
    app = web.Application()
    app.router.add_post("/hook", one.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/hook"
    yield one
    await runner.cleanup()


class Mailroom:
    """Keeps the mail that a real SMTP server takes; ``refuse`` answers instead."""

    def __init__(self):
        self.mail, self.refuse = [], []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd calls it so
        if self.refuse:
            return self.refuse.pop(0)
        self.mail.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
async def mailroom():
    room = Mailroom()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(room, enable_SMTPUTF8=True), "127.0.0.1", 0)
    room.port = server.sockets[0].getsockname()[1]
    yield room
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def station(settings, folder, store=None, language="en"):
    """A hub that sends what is in its outbox."""
    clock = SystemClock()
    new = store is None
    async with Hub(store or MemoryStore(), clock, language=language, outlets=outlets_of(settings)) as hub:
        if new:
            await hub.command(CATALOGUE)
        courier = Courier(hub, make_channels(settings, folder), clock, language, languages_of(settings))
        work = asyncio.create_task(courier.run())
        try:
            yield hub
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


def hooked(receiver, **more):
    return ChannelSettings(webhooks=(WebhookSettings(name="mes", url=receiver.url, **more),))


def mailed(room, **more):
    return ChannelSettings(
        email=EmailSettings(host="127.0.0.1", port=room.port, security="none", sender="spc@example.com", **more)
    )


async def raise_alert(hub, title="t", priority=Priority.URGENT):
    made = m.CreateAlert(product_id=1, alert_type=AlertType.OUT_OF_SPEC, title=title, message="m", priority=priority)
    return (await hub.command(made)).alerts[0]


async def log(hub, **wanted):
    return (await hub.query(m.GetDeliveries(**wanted))).deliveries


async def until(done):
    async with asyncio.timeout(PATIENCE):
        while not await done():  # noqa: ASYNC110 - what is asked is in another program's hands
            await asyncio.sleep(0.01)


async def outcomes(hub, outcome):
    return len(await log(hub, outcome=outcome))


async def test_that_a_webhook_gets_each_alert_signed_and_the_log_tells_it(receiver, tmp_path):
    settings = hooked(receiver)
    async with station(settings, tmp_path) as hub:
        alert = await raise_alert(hub, "broken tool")
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 1))
        (row,) = await log(hub, channel="webhook")
    assert (row.recipient, row.alert_id, row.attempts, row.error) == ("mes", alert.id, 1, "")
    headers, body = receiver.got[0]
    secret = json.loads((tmp_path / "channel-secrets.json").read_text())["webhook mes"]
    signed = b"%s.%s.%s" % (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == expected
    assert [(one["id"], one["title"]) for one in receiver.alerts()] == [(alert.id, "broken tool")]


async def _is(hub, outcome, count):
    return await outcomes(hub, outcome) == count


async def test_that_a_failure_is_tried_again_as_the_same_message(receiver, tmp_path):
    receiver.answers = [500, 503]
    async with station(hooked(receiver), tmp_path) as hub:
        await raise_alert(hub)
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 1))
        (row,) = await log(hub, channel="webhook")
    assert row.attempts == 3
    assert len(set(receiver.ids)) == 1
    assert receiver.got[0][1] == receiver.got[2][1], "the body is the same at every attempt"


async def test_that_what_was_given_up_is_listed_and_sent_when_asked_for_once(receiver, tmp_path):
    receiver.answers = [500] * 3
    async with station(hooked(receiver), tmp_path) as hub:
        await raise_alert(hub)
        await until(lambda: _is(hub, DeliveryOutcome.FAILED, 1))
        (dead,) = await log(hub, outcome=DeliveryOutcome.FAILED)
        assert "500" in dead.error
        both = await asyncio.gather(*(hub.command(m.RetryDeliveries(), Actor(name="kim")) for _ in range(2)))
        assert sorted(both) == [0, 1]
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 1))
        assert await hub.command(m.RetryDeliveries(ids=(dead.id,)), Actor(name="kim")) == 0
        assert any(entry.action == "retry_deliveries" for entry in await hub.query(m.GetAudit()))
    assert len(set(receiver.ids)) == 1


async def test_that_an_address_that_is_gone_is_not_asked_again(receiver, tmp_path):
    receiver.answers = [410]
    async with station(hooked(receiver), tmp_path) as hub:
        await raise_alert(hub)
        await until(lambda: _is(hub, DeliveryOutcome.FAILED, 1))
    assert len(receiver.got) == 1


async def test_that_a_message_under_way_at_a_crash_is_sent_again_with_its_id(receiver, tmp_path):
    receiver.held = asyncio.Event()
    store, settings = MemoryStore(), hooked(receiver)
    async with station(settings, tmp_path, store) as hub:
        await hub.command(CATALOGUE)
        await raise_alert(hub)
        await until(lambda: _ready(receiver, 1))
    receiver.held.set()
    receiver.held = None
    async with station(settings, tmp_path, store) as hub:
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 1))
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1, "the receiver can tell the repetition"


async def _ready(receiver, count):
    return len(receiver.got) >= count


async def test_that_what_waits_is_in_the_database_and_sent_by_the_next_start(receiver, tmp_path):
    settings, file = hooked(receiver), tmp_path / "spc.db"
    async with Hub(SqlStore(file), SystemClock(), outlets=outlets_of(settings)) as hub:  # nobody sends
        await hub.command(CATALOGUE)
        alert = await raise_alert(hub)
    async with station(settings, tmp_path, SqlStore(file)) as hub:
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 1))
    assert [one["id"] for one in receiver.alerts()] == [alert.id]


async def test_that_a_digest_gathers_for_as_long_as_the_reader_says_but_nothing_urgent(mailroom, tmp_path):
    async with station(mailed(mailroom), tmp_path) as hub:
        wishes = Preferences(channels=(EMAIL,), email="kim@example.com", digest_s=3600)
        await hub.command(m.SavePreferences(prefs=wishes), Actor(name="kim"))
        await raise_alert(hub, "for the digest", Priority.HIGH)
        await raise_alert(hub, "at once", Priority.URGENT)
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 1))
        (waiting,) = await log(hub, outcome=DeliveryOutcome.WAITING)
        assert timedelta(minutes=59) < waiting.due - hub.steady() <= timedelta(hours=1)
    assert ["at once" in mail["Subject"] for _, mail in mailroom.mail] == [True]


async def test_that_a_webhook_is_told_only_what_it_wants(receiver, tmp_path):
    async with station(hooked(receiver, min_priority=3, products=(2,)), tmp_path) as hub:
        await raise_alert(hub)
        (row,) = await log(hub, channel="webhook")
        assert (row.outcome, row.reason) == (DeliveryOutcome.SUPPRESSED, "not_subscribed")
    assert receiver.got == []


async def test_that_what_is_not_urgent_comes_as_one_mail_in_the_language_of_the_reader(mailroom, tmp_path):
    async with station(mailed(mailroom), tmp_path) as hub:
        for user, language in (("kim", "ko"), ("lee", "en")):
            wishes = Preferences(channels=(TOAST, EMAIL), email=f"{user}@example.com", language=language)
            await hub.command(m.SavePreferences(prefs=wishes), Actor(name=user))
        for number in range(3):
            await raise_alert(hub, f"alert {number}", Priority.HIGH)
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 6))
        await raise_alert(hub, "at once", Priority.URGENT)
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 8))
    got = {}
    for (to,), mail in mailroom.mail:
        got.setdefault(to, []).append(mail)
    assert {to: len(mails) for to, mails in got.items()} == {"kim@example.com": 2, "lee@example.com": 2}
    korean, english = (got[f"{user}@example.com"] for user in ("kim", "lee"))
    assert "알림 3건" in korean[0]["Subject"]
    assert "3 alerts" in english[0]["Subject"]
    assert "at once" in english[1]["Subject"]
    text = english[0].get_content()
    assert text.count("· #") == 3


async def test_that_no_mail_server_is_a_reason_on_record(tmp_path):
    async with station(ChannelSettings(), tmp_path) as hub:
        wishes = Preferences(channels=(EMAIL,), email="kim@example.com")
        await hub.command(m.SavePreferences(prefs=wishes), Actor(name="kim"))
        await raise_alert(hub)
        (row,) = await log(hub, channel="email")
        assert (row.outcome, row.reason) == (DeliveryOutcome.SUPPRESSED, "not_configured")


async def test_that_mail_refused_for_good_is_given_up_and_for_now_is_sent_later(mailroom, tmp_path):
    async with station(mailed(mailroom), tmp_path) as hub:
        wishes = Preferences(channels=(EMAIL,), email="kim@example.com")
        await hub.command(m.SavePreferences(prefs=wishes), Actor(name="kim"))
        mailroom.refuse = ["451 later", "554 never"]
        await raise_alert(hub)
        await until(lambda: _is(hub, DeliveryOutcome.FAILED, 1))
        (row,) = await log(hub, channel="email")
        assert (row.attempts, "554" in row.error or "never" in row.error) == (2, True)


async def test_that_many_alerts_are_paced_and_none_is_lost(receiver, tmp_path):
    async with station(hooked(receiver, burst=1, pause_s=0.2), tmp_path) as hub:
        made = [await raise_alert(hub, "first")]
        await until(lambda: _ready(receiver, 1))
        made += [await raise_alert(hub, f"a{number}") for number in range(39)]
        await until(lambda: _is(hub, DeliveryOutcome.SENT, 40))
    assert sorted(one["id"] for one in receiver.alerts()) == sorted(alert.id for alert in made)
    assert 2 <= len(receiver.got) < 20, "what waits for its turn is joined"


def test_that_wrong_settings_are_refused_by_name(tmp_path):
    hook = WebhookSettings(name="mes", url="http://127.0.0.1/")
    for settings, code in (
        (ChannelSettings(webhooks=(hook, hook)), "channel_name_twice"),
        (ChannelSettings(email=EmailSettings(host="mail", sender="nobody")), "email_sender"),
    ):
        with pytest.raises(UserError) as told:
            make_channels(settings, tmp_path)
        assert told.value.code == code
    (tmp_path / "channel-secrets.json").write_text("[")
    with pytest.raises(KnownError) as told:
        make_channels(ChannelSettings(webhooks=(hook,)), tmp_path)
    assert told.value.code == "secrets_unreadable"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_that_the_settings_in_the_help_are_understood(language, tmp_path):
    blocks = resource(f"help/{language}/channels.md").read_text(encoding="utf-8").split("```")[1::2]
    found = msgspec.toml.decode("\n".join(blocks), type=Settings).channels
    assert set(make_channels(found, tmp_path)) == {("email", ""), ("webhook", "mes")}
    assert outlets_of(found).hooks[0].min_priority is Priority.HIGH

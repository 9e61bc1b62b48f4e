"""REST of alerts, in the words of the original's interface (``protocol.md`` section 1)."""

from typing import Any

from aiohttp import web

from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.codec import shown
from spc_desktop.protocol.fields import Fields, wrong
from spc_desktop.server.directory import Directory
from spc_desktop.server.http import Call, reply

STATUS_ALIASES = {"OPEN": Status.NEW}
"""The original's guide and test script say OPEN where its model says NEW."""

_PRIORITY = {1: ("낮음", "Low"), 2: ("보통", "Medium"), 3: ("높음", "High"), 4: ("긴급", "Urgent")}
_STATUS = {
    Status.NEW: ("신규", "New"),
    Status.ACKNOWLEDGED: ("확인됨", "Acknowledged"),
    Status.INVESTIGATING: ("조사중", "Investigating"),
    Status.RESOLVED: ("해결됨", "Resolved"),
    Status.CLOSED: ("종료됨", "Closed"),
}
_TYPE = {
    AlertType.OUT_OF_SPEC: ("규격 이탈", "Out of specification"),
    AlertType.OUT_OF_CONTROL: ("관리 한계 이탈", "Out of control"),
    AlertType.RUN_RULE: ("Run Rule 위반", "Run rule violation"),
    AlertType.TREND: ("트렌드 경고", "Trend"),
    AlertType.PREDICTION: ("AI 예측 경고", "Prediction"),
    AlertType.CAPABILITY: ("공정능력 저하", "Capability"),
    AlertType.SAMPLE_OVERDUE: ("검사시각 경과", "Sample overdue"),
    AlertType.STREAM_SILENT: ("데이터 수신 중단", "No data"),
}


def row(alert: Alert, language: str) -> dict[str, Any]:
    """Return an alert with the original's field names and display texts."""
    english = language == "en"
    changed = (alert.created_at, alert.last_at, alert.acknowledged_at, alert.resolved_at)
    return {
        "id": alert.id,
        "product": alert.product_id,
        "product_code": alert.product_code,
        "product_name": alert.product_name,
        "alert_type": alert.alert_type,
        "alert_type_display": _TYPE[alert.alert_type][english],
        "priority": alert.priority,
        "priority_display": _PRIORITY[alert.priority][english],
        "title": alert.title,
        "message": alert.message,
        "description": alert.message,
        "status": alert.status,
        "status_display": _STATUS[alert.status][english],
        "assigned_to": alert.assigned_to,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": alert.acknowledged_by,
        "resolved_at": alert.resolved_at,
        "resolved_by": alert.resolved_by,
        "resolution_notes": alert.resolution_notes,
        "root_cause": alert.root_cause,
        "corrective_action": alert.corrective_action,
        "preventive_action": alert.preventive_action,
        "alert_data": alert.params,
        "created_at": alert.created_at,
        "updated_at": max(time for time in changed if time is not None),
        "characteristic": alert.characteristic_id,
        "point_index": alert.point_index,
        "key": alert.key,
        "active": alert.active,
        "state": alert.state,
        "count": alert.count,
        "mask": alert.mask,
        "flags": alert.life.flags,
        "verification": alert.life.verification,
        "rev": alert.rev,
    }


class Alerts:
    """The routes below ``/api/spc/alerts``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def create(self, call: Call) -> web.Response:
        fields = await call.fields()
        command = m.CreateAlert(
            product_id=await self._product(fields, call),
            alert_type=fields.choice("alert_type", AlertType),
            priority=Priority.MEDIUM if fields.raw("priority") is None else fields.choice("priority", Priority),
            title=fields.text("title", high=200),
            message=fields.text(fields.first(("message", "description")) or "message"),
        )
        status = fields.optional_choice("status", Status, STATUS_ALIASES)
        if status not in {None, Status.NEW}:
            raise wrong("status", "choice", status, choices="NEW, OPEN")
        made = await call.hub.command(command, _actor(call, fields))
        return reply(row(made.alerts[0], call.language), 201)

    async def listed(self, call: Call) -> web.Response:
        limit = call.query_whole("limit", 1, 500) or call.query_whole("page_size", 1, 500) or 50
        query = Fields(dict(call.request.query))
        priority = call.query_whole("priority", 1, 4)
        page = await call.hub.query(
            m.GetAlerts(
                limit=limit,
                before_id=call.query_whole("before_id"),
                after_seq=call.query_whole("after_seq", 0),
                product_id=call.query_whole("product"),
                alert_type=query.optional_choice("alert_type", AlertType),
                priority=None if priority is None else Priority(priority),
                status=query.optional_choice("status", Status, STATUS_ALIASES),
            )
        )
        following = None
        if len(page.alerts) == limit and call.request.query.get("before_id") != str(page.alerts[-1].id):
            following = str(call.request.rel_url.update_query(before_id=str(page.alerts[-1].id)))
        results = [row(alert, call.language) for alert in page.alerts]
        return reply({"count": page.total, "next": following, "previous": None, "results": results})

    async def one(self, call: Call) -> web.Response:
        return reply(row(await call.hub.query(m.GetAlert(alert_id=call.numbers[0])), call.language))

    async def change(self, call: Call) -> web.Response:
        """PATCH: ``status``, ``priority``, ``title``, ``message``, ``assigned_to``, and what belongs to a resolution."""
        fields = await call.fields()
        status = fields.optional_choice("status", Status, STATUS_ALIASES)
        words = ("resolution_notes", "root_cause", "corrective_action", "preventive_action")
        told: dict[str, Any] = {name: fields.text(name) for name in words if fields.raw(name) is not None}
        if told and status is not Status.RESOLVED:
            raise wrong("status", "choice", status, choices="RESOLVED")
        actor = _actor(call, fields, "resolved_by" if status is Status.RESOLVED else "acknowledged_by")
        rev = fields.optional_whole("rev")
        if status is Status.RESOLVED:
            await call.hub.command(m.Resolve(alert_id=call.numbers[0], rev=rev, **told), actor)
            rev, status = None, None
        command = m.UpdateAlert(
            alert_id=call.numbers[0],
            status=status,
            priority=fields.optional_choice("priority", Priority),
            title=None if fields.raw("title") is None else fields.text("title", high=200),
            message=None if (name := fields.first(("message", "description"))) is None else fields.text(name),
            assigned_to=None if fields.raw("assigned_to") is None else fields.text("assigned_to", high=100),
            rev=rev,
        )
        if command != m.UpdateAlert(alert_id=call.numbers[0], rev=rev):
            await call.hub.command(command, actor)
        return await self.one(call)

    async def acknowledge(self, call: Call) -> web.Response:
        fields = await call.fields(empty=True)
        command = m.Acknowledge(
            alert_ids=call.numbers, comment=fields.text("comment", ""), rev=fields.optional_whole("rev")
        )
        await call.hub.command(command, _actor(call, fields, "acknowledged_by"))
        return reply({"status": "acknowledged"})

    async def resolve(self, call: Call) -> web.Response:
        fields = await call.fields(empty=True)
        command = m.Resolve(
            alert_id=call.numbers[0],
            resolution_notes=fields.text("resolution_notes", ""),
            root_cause=fields.text("root_cause", ""),
            corrective_action=fields.text("corrective_action", ""),
            preventive_action=fields.text("preventive_action", ""),
            verify_points=fields.optional_whole("verify_points") or 0,
            rev=fields.optional_whole("rev"),
        )
        await call.hub.command(command, _actor(call, fields, "resolved_by"))
        return reply({"status": "resolved"})

    async def unacknowledge(self, call: Call) -> web.Response:
        fields = await call.fields(empty=True)
        comment, rev = fields.text("comment", ""), fields.optional_whole("rev")
        return await self._done(call, m.Unacknowledge(alert_id=call.numbers[0], comment=comment, rev=rev), fields)

    async def assign(self, call: Call) -> web.Response:
        fields = await call.fields()
        to, rev = fields.text("to", high=100), fields.optional_whole("rev")
        return await self._done(call, m.Assign(alert_id=call.numbers[0], to=to, rev=rev), fields)

    async def comment(self, call: Call) -> web.Response:
        fields = await call.fields()
        text, rev = fields.text("text"), fields.optional_whole("rev")
        return await self._done(call, m.Comment(alert_id=call.numbers[0], text=text, rev=rev), fields)

    async def close(self, call: Call) -> web.Response:
        fields = await call.fields(empty=True)
        comment, rev = fields.text("comment", ""), fields.optional_whole("rev")
        return await self._done(call, m.Close(alert_id=call.numbers[0], comment=comment, rev=rev), fields)

    async def verify(self, call: Call) -> web.Response:
        fields = await call.fields()
        effective = fields.raw("effective")
        if not isinstance(effective, bool):
            raise wrong("effective", "choice", effective, choices="true, false")
        command = m.Verify(
            alert_id=call.numbers[0],
            effective=effective,
            comment=fields.text("comment", ""),
            rev=fields.optional_whole("rev"),
        )
        return await self._done(call, command, fields)

    async def shelve(self, call: Call) -> web.Response:
        fields = await call.fields()
        command = m.Shelve(
            alert_id=call.numbers[0],
            minutes=fields.whole("minutes", 1, 720),
            reason=fields.text("reason"),
            one_shot=fields.raw("one_shot") is True,
        )
        return await self._done(call, command, fields)

    async def unshelve(self, call: Call) -> web.Response:
        return await self._done(call, m.Unshelve(alert_id=call.numbers[0]), await call.fields(empty=True))

    async def suppress(self, call: Call) -> web.Response:
        fields = await call.fields()
        return await self._done(call, m.Suppress(alert_id=call.numbers[0], cause=fields.text("cause")), fields)

    async def out_of_service(self, call: Call) -> web.Response:
        fields = await call.fields()
        return await self._done(call, m.OutOfService(alert_id=call.numbers[0], reason=fields.text("reason")), fields)

    async def return_to_service(self, call: Call) -> web.Response:
        return await self._done(call, m.ReturnToService(alert_id=call.numbers[0]), await call.fields(empty=True))

    async def _done(self, call: Call, command: m.AnyCommand, fields: Fields) -> web.Response:
        """Carry out a command and answer with the alert as it is now; ``by`` names who gave it."""
        await call.hub.command(command, _actor(call, fields, "by"))
        return await self.one(call)

    async def dashboard(self, call: Call) -> web.Response:
        return reply(await call.hub.query(m.GetDashboard()))

    async def _product(self, fields: Fields, call: Call) -> int:
        name = fields.first(("product", "product_id", "product_code"))
        asked = fields.raw(name) if name else None
        if type(asked) is not int and not (isinstance(asked, str) and asked):
            raise wrong("product", "product", asked)
        product = await self._directory.product(asked)
        if product is None or not call.hub.sees(product.id):
            raise UserError("not_found", what="product", id=shown(asked), field="product")
        return product.id


def _actor(call: Call, fields: Fields, name: str = "created_by") -> Actor:
    # Without accounts the original writes "admin" where nobody is named.
    return Actor(name=fields.text(name, "admin", 100), client=call.request.remote or "")

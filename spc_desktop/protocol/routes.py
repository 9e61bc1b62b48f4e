"""Every route of the REST interface with what it takes and gives; the OpenAPI document is made from this table."""

from typing import Any

from msgspec import Struct

from spc_desktop.protocol import messages as m
from spc_desktop.protocol.rest import (
    AcknowledgeBody,
    AlertList,
    AlertPatch,
    AlertRow,
    AnalyseBody,
    ApproveBody,
    AssignBody,
    Bulk,
    CapabilityList,
    ClaimBody,
    CommentBody,
    ConnectionList,
    Done,
    HandlingBody,
    Health,
    MeasurementList,
    MeasurementRow,
    NewAlert,
    NewMeasurement,
    OutOfServiceBody,
    PairBody,
    PairingList,
    ProductDetail,
    ProductList,
    Ready,
    RedeemBody,
    ResolveBody,
    SetUpBody,
    ShelveBody,
    SignInBody,
    SuppressBody,
    Taken,
    VerifyBody,
)


class Route(Struct, frozen=True, kw_only=True):
    """One method of one path."""

    method: str
    path: str
    about: str
    gives: Any
    or_gives: Any = None
    takes: Any = None
    status: int = 200
    asks: tuple[str, ...] = ()
    """Names of the query string."""
    open: bool = False
    """Answered without an account."""


_ALERT = "/api/spc/alerts/{id}/"


def _handled(name: str, takes: Any, about: str) -> Route:
    return Route(method="POST", path=f"{_ALERT}{name}/", about=about, takes=takes, gives=AlertRow)


ROUTES = (
    Route(method="POST", path="/api/spc/alerts/", about="Raise an alert.", takes=NewAlert, gives=AlertRow, status=201),
    Route(
        method="GET",
        path="/api/spc/alerts/",
        about="Alerts, newest first.",
        gives=AlertList,
        asks=("product", "alert_type", "priority", "status", "after_seq", "before_id", "limit"),
    ),
    Route(method="GET", path="/api/spc/alerts/dashboard/", about="Counts of the last 7 days.", gives=m.Dashboard),
    Route(method="GET", path=_ALERT, about="One alert.", gives=AlertRow),
    Route(method="PATCH", path=_ALERT, about="Change an alert.", takes=AlertPatch, gives=AlertRow),
    Route(
        method="POST", path=f"{_ALERT}acknowledge/", about="Somebody has seen it.", takes=AcknowledgeBody, gives=Done
    ),
    Route(method="POST", path=f"{_ALERT}resolve/", about="The cause is gone.", takes=ResolveBody, gives=Done),
    _handled("unack", HandlingBody, "Take an acknowledgement back."),
    _handled("assign", AssignBody, "Give it to somebody."),
    _handled("comment", CommentBody, "Write something down beside it."),
    _handled("close", HandlingBody, "Put it away for good."),
    _handled("verify", VerifyBody, "State whether the action has helped."),
    _handled("shelve", ShelveBody, "Do not announce it for a time."),
    _handled("unshelve", HandlingBody, "End a shelf."),
    _handled("suppress", SuppressBody, "Do not announce it: it means nothing at present."),
    _handled("out-of-service", OutOfServiceBody, "Take it out of service for maintenance."),
    _handled("return-to-service", HandlingBody, "End a suppression or a taking out of service."),
    Route(
        method="POST",
        path="/api/spc/measurements/",
        about="One measurement, or a list (answer: counts). `Idempotency-Key` makes repetition harmless.",
        takes=NewMeasurement | tuple[NewMeasurement, ...],
        gives=MeasurementRow,
        or_gives=Taken,
        status=201,
    ),
    Route(
        method="GET",
        path="/api/spc/measurements/",
        about="Measurements, newest first.",
        gives=MeasurementList,
        asks=("product", "characteristic", "limit"),
    ),
    Route(
        method="POST",
        path="/api/spc/measurements/bulk_create/",
        about="Many at once.",
        takes=Bulk,
        gives=Taken,
        status=201,
    ),
    Route(method="GET", path="/api/spc/products/", about="All products.", gives=ProductList),
    Route(method="GET", path="/api/spc/products/{id}/", about="One, with characteristics.", gives=ProductDetail),
    Route(
        method="POST",
        path="/api/spc/capability/",
        about="Analyse the capability.",
        takes=AnalyseBody,
        gives=m.CapabilityOut,
        status=201,
    ),
    Route(
        method="GET",
        path="/api/spc/capability/",
        about="Analyses, newest first.",
        gives=CapabilityList,
        asks=("product", "characteristic", "limit"),
    ),
    Route(
        method="GET",
        path="/api/spc/events",
        about="Events of the log after `since`, in the envelopes of the socket.",
        gives=m.EventPage,
        asks=("since", "epoch", "limit"),
    ),
    Route(
        method="POST",
        path="/api/spc/sign-in",
        about="A token for twelve hours.",
        takes=SignInBody,
        gives=m.TokenMade,
        status=201,
        open=True,
    ),
    Route(
        method="POST",
        path="/api/spc/set-up",
        about="Make the first administrator.",
        takes=SetUpBody,
        gives=m.TokenMade,
        status=201,
        open=True,
    ),
    Route(
        method="POST",
        path="/api/spc/pair",
        about="A new station asks to be let in and shows the code.",
        takes=PairBody,
        gives=m.PairingMade,
        status=201,
        open=True,
    ),
    Route(
        method="POST",
        path="/api/spc/pair/claim",
        about="The station asks for its token; empty until it was approved.",
        takes=ClaimBody,
        gives=m.PairingClaimed,
        open=True,
    ),
    Route(
        method="POST",
        path="/api/spc/pair/redeem",
        about="A new station brings the code of an invitation and gets its token, once.",
        takes=RedeemBody,
        gives=m.PairingClaimed,
        open=True,
    ),
    Route(method="GET", path="/api/spc/pair", about="Stations that wait.", gives=PairingList),
    Route(
        method="POST",
        path="/api/spc/pair/{code}/approve",
        about="Let the station in that shows this code.",
        takes=ApproveBody,
        gives=m.TokenOut,
    ),
    Route(method="GET", path="/api/spc/hub/connections", about="Open WebSockets.", gives=ConnectionList),
    Route(
        method="GET",
        path="/api/spc/hub/kpi",
        about="Key figures of alarms (EEMUA 191).",
        gives=m.Kpi,
        asks=("from", "to", "operator"),
    ),
    Route(
        method="GET",
        path="/api/spc/hub/deliveries",
        about="Who was told of an alert, when, by which channel, and why not; newest first.",
        gives=m.DeliveryPage,
        asks=("alert", "product", "recipient", "channel", "outcome", "before_id", "limit"),
    ),
    Route(method="GET", path="/api/spc/openapi.json", about="This document.", gives=dict[str, Any], open=True),
    Route(
        method="GET",
        path="/api/spc/protocol.schema.json",
        about="JSON Schema of the WebSocket protocol.",
        gives=dict[str, Any],
        open=True,
    ),
    Route(method="GET", path="/healthz", about="The program runs.", gives=Health, open=True),
    Route(method="GET", path="/readyz", about="It can store and tell.", gives=Ready, open=True),
    Route(method="GET", path="/metrics", about="Counters for Prometheus.", gives=str),
)

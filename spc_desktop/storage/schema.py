"""The tables, as the newest migration leaves them (a test compares the two).

Instants are whole microseconds since 1970-01-01 UTC. ``*_json`` columns hold msgspec JSON of the struct named beside them,
``body`` columns hold bytes that only this package reads. To change a table: change it here, add a migration, raise
``SCHEMA_VERSION``, and store a database of the old version under ``tests/data/db``.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = "0004"
"""Newest Alembic revision; revisions are numbered so that text order is their order."""

# Only INTEGER PRIMARY KEY is the row itself in SQLite; BIGINT would cost a second tree.
Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

product = Table(
    "product",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

characteristic = Table(
    "characteristic",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("lsl", Float),
    Column("usl", Float),
    Column("target", Float),
    Column("subgroup_size", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("product_id", "code"),
)

control_plan = Table(  # every revision is kept; the highest one is in force
    "control_plan",
    metadata,
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("chart", Text, nullable=False),
    Column("plan_json", Text, nullable=False),  # ControlPlan
)

frozen_limits = Table(
    "frozen_limits",
    metadata,
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("first_index", Integer, nullable=False),
    Column("limits_json", Text, nullable=False),  # FrozenLimits
)

measurement = Table(
    "measurement",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), nullable=False),
    Column("value", Float, nullable=False),
    Column("sample_number", BigInteger, nullable=False),
    Column("subgroup_number", BigInteger, nullable=False),
    Column("is_within_spec", Boolean, nullable=False),
    Column("is_within_control", Boolean, nullable=False),
    Column("measured_at", BigInteger, nullable=False),
    Column("point_index", Integer, nullable=False),
    Column("size", Float),
    Column("source_id", Text, nullable=False),
    Column("lot", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("cavity", Text, nullable=False),
    Column("gauge", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Index(None, "characteristic_id", "point_index", "id"),
)

measurement_key = Table(
    "measurement_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("measurement_id", Id, nullable=False),  # no foreign key: a key outlives its measurement
    sqlite_with_rowid=False,
)

point = Table(
    "point",
    metadata,
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), primary_key=True, autoincrement=False),
    Column("point_index", Integer, primary_key=True, autoincrement=False),
    Column("subgroup_number", BigInteger, nullable=False),
    Column("measured_at", BigInteger, nullable=False),
    Column("size", Float),
    Column("out_of_spec", Boolean, nullable=False),
    Column("excluded", Boolean, nullable=False),
    Column("exclusion_reason", Text, nullable=False),
    Column("learning", Boolean, nullable=False),
    Column("limits_revision", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),  # msgpack of (values, panels)
    sqlite_with_rowid=False,  # clustered: a stretch of one chart lies together
)

point_chunk = Table(  # columns of a full page of points, derived from ``point``; see points.py
    "point_chunk",
    metadata,
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), primary_key=True, autoincrement=False),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

violation = Table(
    "violation",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), nullable=False),
    Column("point_index", Integer, nullable=False),
    Column("panel", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("rule_type", Text, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("is_resolved", Boolean, nullable=False),
    Column("members_json", Text, nullable=False),
    Index(None, "characteristic_id", "point_index"),
)

alert = Table(
    "alert",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("characteristic_id", Id, ForeignKey("characteristic.id")),
    Column("alert_type", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_seq", BigInteger, nullable=False),  # event that told of this version
    Column("alert_json", Text, nullable=False),  # Alert
    Column("rule", Text),  # Alert.code; this and what follows is for statistics
    Column("acknowledged_at", BigInteger),
    Column("resolved_at", BigInteger),
    Column("has_cause", Boolean),
    Index(None, "product_id", "id"),
    Index(None, "product_id", "status", "id"),
    Index(None, "characteristic_id", "id"),
    Index(None, "alert_type", "id"),
    Index(None, "priority", "id"),
    Index(None, "status", "id"),
    Index(None, "changed_seq"),
    Index(None, "priority", "status", "alert_type", "created_at"),  # the dashboard, counted from the index alone
    Index(None, "created_at"),
)

alert_text = Table(  # what the index of search.py was made of, folded
    "alert_text",
    metadata,
    Column("alert_id", Id, primary_key=True, autoincrement=False),
    Column("own", Text, nullable=False),
    Column("comments", Text, nullable=False),
    Column("properties", Text, nullable=False),
)

alert_change = Table(
    "alert_change",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("alert_id", Id, ForeignKey("alert.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("change", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("rev", Integer, nullable=False),
    Index(None, "alert_id", "id"),
)

monitor_state = Table(
    "monitor_state",
    metadata,
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

capability = Table(
    "capability",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), nullable=False),
    Column("analyzed_at", BigInteger, nullable=False),
    Column("capability_json", Text, nullable=False),  # CapabilityOut
    Index(None, "product_id", "id"),
    Index(None, "characteristic_id", "id"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("received_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("params_json", Text, nullable=False),
    Column("characteristic_id", Id, nullable=False),  # no foreign key: it may be the unknown one
    Column("body", LargeBinary, nullable=False),  # msgpack of MeasurementIn: JSON knows no NaN
)

event = Table(
    "event",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("ts", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the event's JSON, ready to send
)

audit = Table(  # triggers of the migration refuse UPDATE and DELETE; see audit.py
    "audit",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("before_json", Text, nullable=False),
    Column("after_json", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("previous", LargeBinary, nullable=False),  # hash of the record before
    Column("hash", LargeBinary, nullable=False),
)

document = Table(  # small things that are read whole by who owns them: accounts, preferences
    "document",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

note = Table(  # what is written down beside points and about samples; rows are only added
    "note",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("characteristic_id", Id, ForeignKey("characteristic.id"), nullable=False),
    Column("point_index", Integer),
    Column("kind", Text, nullable=False),
    Column("key", Text, unique=True),
    Column("note_json", Text, nullable=False),  # Note
    Index(None, "characteristic_id", "point_index"),
)

delivery = Table(  # who was told of what, and what still has to be sent; see deliveries.py
    "delivery",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("alert_id", Id),  # no foreign key: rows come by the hundred, and a message to try a channel has no alert
    Column("product_id", Id),
    Column("recipient", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("delivery_json", Text, nullable=False),  # Delivery
    Index(None, "alert_id", "id"),
    Index(None, "outcome", "id"),
)

"""The audit trail that nothing alters, small documents by kind and key, full text and facts of alerts."""

import sqlalchemy as sa
from alembic import op

from spc_desktop.storage import rows, search

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _audit()
    _document()
    _alert_facts()
    _alert_text()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("before_json", sa.Text(), nullable=False),
        sa.Column("after_json", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit records are never changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_document")),
        sqlite_with_rowid=False,
    )


def _alert_facts() -> None:
    for name, kind in (
        ("rule", sa.Text()),
        ("acknowledged_at", sa.BigInteger()),
        ("resolved_at", sa.BigInteger()),
        ("has_cause", sa.Boolean()),
    ):
        op.add_column("alert", sa.Column(name, kind, nullable=True))
    op.create_index(op.f("ix_alert_created_at"), "alert", ["created_at"], unique=False)
    connection = op.get_bind()
    last = 0
    fill = sa.text(
        "UPDATE alert SET rule = :rule, acknowledged_at = :acknowledged_at, resolved_at = :resolved_at, "
        "has_cause = :has_cause WHERE id = :id"
    ).bindparams(sa.bindparam("has_cause", type_=sa.Boolean()))
    page = sa.text("SELECT alert_json FROM alert WHERE id > :last ORDER BY id LIMIT 1000")
    while found := rows.alerts_of(connection.scalars(page, {"last": last}).all()):
        names = ("rule", "acknowledged_at", "resolved_at", "has_cause")
        many = [{"id": alert.id, **dict(zip(names, rows.alert_facts(alert), strict=True))} for alert in found]
        connection.execute(fill, many)
        last = found[-1].id


def _alert_text() -> None:
    op.create_table(
        "alert_text",
        sa.Column("alert_id", ID, autoincrement=False, nullable=False),
        sa.Column("own", sa.Text(), nullable=False),
        sa.Column("comments", sa.Text(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert_text")),
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute(search.CREATE)
    search.fill(connection)

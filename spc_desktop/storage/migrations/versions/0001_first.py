"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _catalogue()
    _measurements()
    _points()
    _alerts()
    _rest()


def _catalogue() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "product",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("code", name=op.f("uq_product_code")),
    )
    op.create_table(
        "characteristic",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("lsl", sa.Float(), nullable=True),
        sa.Column("usl", sa.Float(), nullable=True),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("subgroup_size", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_characteristic_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_characteristic")),
        sa.UniqueConstraint("product_id", "code", name=op.f("uq_characteristic_product_id_code")),
    )
    op.create_table(
        "control_plan",
        sa.Column("characteristic_id", ID, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chart", sa.Text(), nullable=False),
        sa.Column("plan_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_control_plan_characteristic_id_characteristic")
        ),
        sa.PrimaryKeyConstraint("characteristic_id", "revision", name=op.f("pk_control_plan")),
    )
    op.create_table(
        "frozen_limits",
        sa.Column("characteristic_id", ID, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_index", sa.Integer(), nullable=False),
        sa.Column("limits_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_frozen_limits_characteristic_id_characteristic")
        ),
        sa.PrimaryKeyConstraint("characteristic_id", "revision", name=op.f("pk_frozen_limits")),
    )


def _measurements() -> None:
    op.create_table(
        "measurement",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("characteristic_id", ID, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("sample_number", sa.BigInteger(), nullable=False),
        sa.Column("subgroup_number", sa.BigInteger(), nullable=False),
        sa.Column("is_within_spec", sa.Boolean(), nullable=False),
        sa.Column("is_within_control", sa.Boolean(), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("point_index", sa.Integer(), nullable=False),
        sa.Column("size", sa.Float(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("gauge", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_measurement_characteristic_id_characteristic")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_measurement_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
    )
    op.create_index(
        op.f("ix_measurement_characteristic_id_point_index_id"),
        "measurement",
        ["characteristic_id", "point_index", "id"],
        unique=False,
    )
    op.create_table(
        "measurement_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("measurement_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_measurement_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("params_json", sa.Text(), nullable=False),
        sa.Column("characteristic_id", ID, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )


def _points() -> None:
    op.create_table(
        "point",
        sa.Column("characteristic_id", ID, autoincrement=False, nullable=False),
        sa.Column("point_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subgroup_number", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Float(), nullable=True),
        sa.Column("out_of_spec", sa.Boolean(), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("exclusion_reason", sa.Text(), nullable=False),
        sa.Column("learning", sa.Boolean(), nullable=False),
        sa.Column("limits_revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_point_characteristic_id_characteristic")
        ),
        sa.PrimaryKeyConstraint("characteristic_id", "point_index", name=op.f("pk_point")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "point_chunk",
        sa.Column("characteristic_id", ID, autoincrement=False, nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_point_chunk_characteristic_id_characteristic")
        ),
        sa.PrimaryKeyConstraint("characteristic_id", "page", name=op.f("pk_point_chunk")),
    )
    op.create_table(
        "monitor_state",
        sa.Column("characteristic_id", ID, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_monitor_state_characteristic_id_characteristic")
        ),
        sa.PrimaryKeyConstraint("characteristic_id", name=op.f("pk_monitor_state")),
    )
    op.create_table(
        "violation",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("characteristic_id", ID, nullable=False),
        sa.Column("point_index", sa.Integer(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_type", sa.Text(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=False),
        sa.Column("is_resolved", sa.Boolean(), nullable=False),
        sa.Column("members_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_violation_characteristic_id_characteristic")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_violation")),
    )
    op.create_index(
        op.f("ix_violation_characteristic_id_point_index"),
        "violation",
        ["characteristic_id", "point_index"],
        unique=False,
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("characteristic_id", ID, nullable=True),
        sa.Column("alert_type", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_seq", sa.BigInteger(), nullable=False),
        sa.Column("alert_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_alert_characteristic_id_characteristic")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_alert_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_alert_type_id"), "alert", ["alert_type", "id"], unique=False)
    op.create_index(op.f("ix_alert_changed_seq"), "alert", ["changed_seq"], unique=False)
    op.create_index(op.f("ix_alert_characteristic_id_id"), "alert", ["characteristic_id", "id"], unique=False)
    op.create_index(op.f("ix_alert_priority_id"), "alert", ["priority", "id"], unique=False)
    op.create_index(
        op.f("ix_alert_priority_status_alert_type_created_at"),
        "alert",
        ["priority", "status", "alert_type", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_alert_product_id_id"), "alert", ["product_id", "id"], unique=False)
    op.create_index(op.f("ix_alert_product_id_status_id"), "alert", ["product_id", "status", "id"], unique=False)
    op.create_index(op.f("ix_alert_status_id"), "alert", ["status", "id"], unique=False)
    op.create_table(
        "alert_change",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_change_alert_id_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_change")),
    )
    op.create_index(op.f("ix_alert_change_alert_id_id"), "alert_change", ["alert_id", "id"], unique=False)


def _rest() -> None:
    op.create_table(
        "capability",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("characteristic_id", ID, nullable=False),
        sa.Column("analyzed_at", sa.BigInteger(), nullable=False),
        sa.Column("capability_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_capability_characteristic_id_characteristic")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_capability_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capability")),
    )
    op.create_index(op.f("ix_capability_characteristic_id_id"), "capability", ["characteristic_id", "id"], unique=False)
    op.create_index(op.f("ix_capability_product_id_id"), "capability", ["product_id", "id"], unique=False)
    op.create_table(
        "event",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
    )

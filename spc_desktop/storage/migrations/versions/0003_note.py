"""Notes beside points and about samples."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("characteristic_id", ID, nullable=False),
        sa.Column("point_index", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("note_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["characteristic_id"], ["characteristic.id"], name=op.f("fk_note_characteristic_id_characteristic")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
        sa.UniqueConstraint("key", name=op.f("uq_note_key")),
    )
    op.create_index(
        op.f("ix_note_characteristic_id_point_index"), "note", ["characteristic_id", "point_index"], unique=False
    )

"""Previews, what they were granted and what is noted about them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables of previews."""
    op.create_table(
        "previews",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("owner_id", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("stack", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("runtime", sa.String(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("port", BIG, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("ready_at", BIG, nullable=True),
        sa.Column("used_at", BIG, nullable=False),
        sa.Column("deadline_at", BIG, nullable=False),
        sa.Column("latest_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.Column("output", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("fk_previews_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_previews_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_previews")),
    )
    op.create_index(op.f("ix_previews_owner_id"), "previews", ["owner_id"], unique=False)
    op.create_index(op.f("ix_previews_phase"), "previews", ["phase"], unique=False)
    op.create_index(op.f("ix_previews_workspace_id"), "previews", ["workspace_id"], unique=False)
    op.create_table(
        "preview_facts",
        sa.Column("preview_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["preview_id"],
            ["previews.id"],
            name=op.f("fk_preview_facts_preview_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("preview_id", "kind", "position", name=op.f("pk_preview_facts")),
    )

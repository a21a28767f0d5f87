"""What reviews found, dismissals, what models said about hunks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables of reviews."""
    op.create_table(
        "dismissals",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("around", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_at", BIG, nullable=False),
        sa.Column("revoked_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_dismissals_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "fingerprint", name=op.f("pk_dismissals")),
    )
    op.create_table(
        "reviewed",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("tokens", BIG, nullable=False),
        sa.Column("used_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_reviewed_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_reviewed")),
    )
    op.create_index(op.f("ix_reviewed_used_at"), "reviewed", ["used_at"], unique=False)
    op.create_index(op.f("ix_reviewed_workspace_id"), "reviewed", ["workspace_id"], unique=False)
    op.create_table(
        "findings",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("around", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("column", BIG, nullable=False),
        sa.Column("end_line", BIG, nullable=False),
        sa.Column("end_column", BIG, nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("cwe", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("advice", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("first_at", BIG, nullable=False),
        sa.Column("seen_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_findings_run_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_findings_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint(
            "workspace_id", "fingerprint", name=op.f("uq_findings_workspace_id_fingerprint")
        ),
    )
    op.create_index(op.f("ix_findings_run_id"), "findings", ["run_id"], unique=False)
    op.create_index(
        op.f("ix_findings_workspace_id_state"), "findings", ["workspace_id", "state"], unique=False
    )
    op.create_table(
        "finding_places",
        sa.Column("finding_id", BIG, autoincrement=False, nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("column", BIG, nullable=False),
        sa.Column("end_line", BIG, nullable=False),
        sa.Column("end_column", BIG, nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"],
            ["findings.id"],
            name=op.f("fk_finding_places_finding_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("finding_id", "position", name=op.f("pk_finding_places")),
    )

"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "blobs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("packed", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("used_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
        sa.UniqueConstraint("hash", name=op.f("uq_blobs_hash")),
    )
    op.create_table(
        "cursors",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("client", name=op.f("pk_cursors")),
    )
    op.create_table(
        "owners",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("machine", sa.String(), nullable=False),
        sa.Column("pid", BIG, nullable=False),
        sa.Column("started", BIG, nullable=False),
        sa.Column("beat_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", BIG, nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("seen_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("root", name=op.f("uq_workspaces_root")),
    )
    op.create_table(
        "paths",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_paths_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paths")),
        sa.UniqueConstraint("workspace_id", "path", name=op.f("uq_paths_workspace_id_path")),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("parent_id", BIG, nullable=True),
        sa.Column("delta_of_id", BIG, nullable=True),
        sa.Column("depth", BIG, nullable=False),
        sa.Column("chained", BIG, nullable=False),
        sa.Column("files", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("used_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["delta_of_id"], ["snapshots.id"], name=op.f("fk_snapshots_delta_of_id")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["snapshots.id"],
            name=op.f("fk_snapshots_parent_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_snapshots_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index(op.f("ix_snapshots_delta_of_id"), "snapshots", ["delta_of_id"], unique=False)
    op.create_index(op.f("ix_snapshots_parent_id"), "snapshots", ["parent_id"], unique=False)
    op.create_index(
        op.f("ix_snapshots_workspace_id_hash"), "snapshots", ["workspace_id", "hash"], unique=False
    )
    op.create_table(
        "trusts",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("granted_at", BIG, nullable=False),
        sa.Column("revoked_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_trusts_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "kind", "subject", name=op.f("pk_trusts")),
    )
    op.create_table(
        "usage",
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("calls", BIG, nullable=False),
        sa.Column("failed", BIG, nullable=False),
        sa.Column("unknown", BIG, nullable=False),
        sa.Column("tokens_in", BIG, nullable=False),
        sa.Column("tokens_out", BIG, nullable=False),
        sa.Column("tokens_cached", BIG, nullable=False),
        sa.Column("micros", BIG, nullable=False),
        sa.Column("unpriced", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_usage_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "day", "workspace_id", "provider", "model", "role", "agent", name=op.f("pk_usage")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_usage_workspace_id"), "usage", ["workspace_id"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("arguments", sa.LargeBinary(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("base_snapshot_id", BIG, nullable=True),
        sa.Column("owner_id", sa.String(), nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("started_at", BIG, nullable=True),
        sa.Column("finished_at", BIG, nullable=True),
        sa.Column("cancel_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["base_snapshot_id"], ["snapshots.id"], name=op.f("fk_runs_base_snapshot_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("fk_runs_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["runs.id"], name=op.f("fk_runs_parent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_runs_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_base_snapshot_id"), "runs", ["base_snapshot_id"], unique=False)
    op.create_index(op.f("ix_runs_owner_id"), "runs", ["owner_id"], unique=False)
    op.create_index(op.f("ix_runs_parent_id"), "runs", ["parent_id"], unique=False)
    op.create_index(op.f("ix_runs_state"), "runs", ["state"], unique=False)
    op.create_index(op.f("ix_runs_workspace_id_id"), "runs", ["workspace_id", "id"], unique=False)
    op.create_table(
        "snapshot_entries",
        sa.Column("snapshot_id", BIG, autoincrement=False, nullable=False),
        sa.Column("path_id", BIG, autoincrement=False, nullable=False),
        sa.Column("blob_id", BIG, nullable=True),
        sa.Column("mode", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_snapshot_entries_blob_id")
        ),
        sa.ForeignKeyConstraint(
            ["path_id"], ["paths.id"], name=op.f("fk_snapshot_entries_path_id")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["snapshots.id"],
            name=op.f("fk_snapshot_entries_snapshot_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "path_id", name=op.f("pk_snapshot_entries")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_snapshot_entries_blob_id"), "snapshot_entries", ["blob_id"], unique=False
    )
    op.create_index(
        op.f("ix_snapshot_entries_path_id"), "snapshot_entries", ["path_id"], unique=False
    )
    op.create_table(
        "events",
        sa.Column("number", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("workspace_id", BIG, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_events_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_events_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_run_id_number"), "events", ["run_id", "number"], unique=False)
    op.create_index(op.f("ix_events_workspace_id"), "events", ["workspace_id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("acquired_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("fk_leases_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_leases_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_leases_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_leases")),
    )
    op.create_index(op.f("ix_leases_owner_id"), "leases", ["owner_id"], unique=False)
    op.create_index(op.f("ix_leases_run_id"), "leases", ["run_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("workspace_id", BIG, nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("read_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_notices_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_notices_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_read_at"), "notices", ["read_at"], unique=False)
    op.create_index(op.f("ix_notices_run_id"), "notices", ["run_id"], unique=False)
    op.create_index(op.f("ix_notices_workspace_id"), "notices", ["workspace_id"], unique=False)
    op.create_table(
        "questions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("default", sa.String(), nullable=False),
        sa.Column("asked_at", BIG, nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("answered_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_questions_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("run_id", "key", name=op.f("uq_questions_run_id_key")),
    )
    op.create_table(
        "reservations",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("calls", BIG, nullable=False),
        sa.Column("tokens", BIG, nullable=False),
        sa.Column("micros", BIG, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("settled_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_reservations_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
    )
    op.create_index(
        op.f("ix_reservations_created_at"), "reservations", ["created_at"], unique=False
    )
    op.create_index(op.f("ix_reservations_run_id"), "reservations", ["run_id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_tasks_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("run_id", "key", name=op.f("uq_tasks_run_id_key")),
    )
    op.create_table(
        "question_options",
        sa.Column("question_id", BIG, autoincrement=False, nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["questions.id"],
            name=op.f("fk_question_options_question_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("question_id", "position", name=op.f("pk_question_options")),
    )
    op.create_table(
        "steps",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task_id", BIG, nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("result_id", BIG, nullable=True),
        sa.Column("snapshot_id", BIG, nullable=True),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["result_id"], ["blobs.id"], name=op.f("fk_steps_result_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_steps_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_steps_snapshot_id")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_steps_task_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint("run_id", "key", name=op.f("uq_steps_run_id_key")),
    )
    op.create_index(op.f("ix_steps_result_id"), "steps", ["result_id"], unique=False)
    op.create_index(op.f("ix_steps_snapshot_id"), "steps", ["snapshot_id"], unique=False)
    op.create_index(op.f("ix_steps_task_id"), "steps", ["task_id"], unique=False)
    op.create_table(
        "change_sets",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("step_id", BIG, nullable=True),
        sa.Column("undoes_id", BIG, nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("moved_at", BIG, nullable=False),
        sa.Column("applied_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_change_sets_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["step_id"], ["steps.id"], name=op.f("fk_change_sets_step_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"],
            ["change_sets.id"],
            name=op.f("fk_change_sets_undoes_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_change_sets_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_sets")),
        sa.UniqueConstraint("run_id", "key", name=op.f("uq_change_sets_run_id_key")),
    )
    op.create_index(op.f("ix_change_sets_step_id"), "change_sets", ["step_id"], unique=False)
    op.create_index(op.f("ix_change_sets_undoes_id"), "change_sets", ["undoes_id"], unique=False)
    op.create_index(
        op.f("ix_change_sets_workspace_id_state"),
        "change_sets",
        ["workspace_id", "state"],
        unique=False,
    )
    op.create_table(
        "command_execs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("step_id", BIG, nullable=True),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("cwd", sa.String(), nullable=False),
        sa.Column("confinement", sa.String(), nullable=False),
        sa.Column("exit_code", BIG, nullable=True),
        sa.Column("timed_out", sa.Boolean(), nullable=False),
        sa.Column("output_id", BIG, nullable=True),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["output_id"], ["blobs.id"], name=op.f("fk_command_execs_output_id")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_command_execs_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["step_id"], ["steps.id"], name=op.f("fk_command_execs_step_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command_execs")),
    )
    op.create_index(
        op.f("ix_command_execs_output_id"), "command_execs", ["output_id"], unique=False
    )
    op.create_index(op.f("ix_command_execs_run_id"), "command_execs", ["run_id"], unique=False)
    op.create_index(op.f("ix_command_execs_step_id"), "command_execs", ["step_id"], unique=False)
    op.create_table(
        "model_calls",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("step_id", BIG, nullable=True),
        sa.Column("reservation_id", BIG, nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("attempt", BIG, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tokens_in", BIG, nullable=True),
        sa.Column("tokens_out", BIG, nullable=True),
        sa.Column("tokens_cached", BIG, nullable=True),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("micros", BIG, nullable=True),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("answer_id", BIG, nullable=True),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["answer_id"], ["blobs.id"], name=op.f("fk_model_calls_answer_id")),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["reservations.id"],
            name=op.f("fk_model_calls_reservation_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_model_calls_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["step_id"], ["steps.id"], name=op.f("fk_model_calls_step_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_calls")),
    )
    op.create_index(op.f("ix_model_calls_answer_id"), "model_calls", ["answer_id"], unique=False)
    op.create_index(
        op.f("ix_model_calls_reservation_id"), "model_calls", ["reservation_id"], unique=False
    )
    op.create_index(
        op.f("ix_model_calls_run_id_request_hash"),
        "model_calls",
        ["run_id", "request_hash"],
        unique=False,
    )
    op.create_index(op.f("ix_model_calls_started_at"), "model_calls", ["started_at"], unique=False)
    op.create_index(op.f("ix_model_calls_step_id"), "model_calls", ["step_id"], unique=False)
    op.create_table(
        "file_changes",
        sa.Column("id", BIG, nullable=False),
        sa.Column("change_set_id", BIG, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("path_id", BIG, nullable=False),
        sa.Column("new_path_id", BIG, nullable=True),
        sa.Column("before_id", BIG, nullable=True),
        sa.Column("after_id", BIG, nullable=True),
        sa.Column("found_id", BIG, nullable=True),
        sa.Column("written_id", BIG, nullable=True),
        sa.Column("before_mode", BIG, nullable=True),
        sa.Column("after_mode", BIG, nullable=True),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.ForeignKeyConstraint(["after_id"], ["blobs.id"], name=op.f("fk_file_changes_after_id")),
        sa.ForeignKeyConstraint(
            ["before_id"], ["blobs.id"], name=op.f("fk_file_changes_before_id")
        ),
        sa.ForeignKeyConstraint(
            ["change_set_id"],
            ["change_sets.id"],
            name=op.f("fk_file_changes_change_set_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["found_id"], ["blobs.id"], name=op.f("fk_file_changes_found_id")),
        sa.ForeignKeyConstraint(
            ["new_path_id"], ["paths.id"], name=op.f("fk_file_changes_new_path_id")
        ),
        sa.ForeignKeyConstraint(["path_id"], ["paths.id"], name=op.f("fk_file_changes_path_id")),
        sa.ForeignKeyConstraint(
            ["written_id"], ["blobs.id"], name=op.f("fk_file_changes_written_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_changes")),
    )
    op.create_index(op.f("ix_file_changes_after_id"), "file_changes", ["after_id"], unique=False)
    op.create_index(op.f("ix_file_changes_before_id"), "file_changes", ["before_id"], unique=False)
    op.create_index(
        op.f("ix_file_changes_change_set_id"), "file_changes", ["change_set_id"], unique=False
    )
    op.create_index(op.f("ix_file_changes_found_id"), "file_changes", ["found_id"], unique=False)
    op.create_index(
        op.f("ix_file_changes_new_path_id"), "file_changes", ["new_path_id"], unique=False
    )
    op.create_index(op.f("ix_file_changes_path_id"), "file_changes", ["path_id"], unique=False)
    op.create_index(
        op.f("ix_file_changes_written_id"), "file_changes", ["written_id"], unique=False
    )
    op.create_table(
        "hunks",
        sa.Column("id", BIG, nullable=False),
        sa.Column("file_change_id", BIG, nullable=False),
        sa.Column("step_id", BIG, nullable=True),
        sa.Column("undoes_id", BIG, nullable=True),
        sa.Column("before_start", BIG, nullable=False),
        sa.Column("before_end", BIG, nullable=False),
        sa.Column("after_start", BIG, nullable=False),
        sa.Column("after_end", BIG, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_change_id"],
            ["file_changes.id"],
            name=op.f("fk_hunks_file_change_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["step_id"], ["steps.id"], name=op.f("fk_hunks_step_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["hunks.id"], name=op.f("fk_hunks_undoes_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hunks")),
    )
    op.create_index(op.f("ix_hunks_file_change_id"), "hunks", ["file_change_id"], unique=False)
    op.create_index(op.f("ix_hunks_step_id"), "hunks", ["step_id"], unique=False)
    op.create_index(op.f("ix_hunks_undoes_id"), "hunks", ["undoes_id"], unique=False)

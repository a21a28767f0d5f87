"""Questions to the user: asked once per key, answered once, by whoever is first."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, schema


@dataclass(frozen=True, slots=True)
class Question:
    id: int
    run_id: str
    key: str
    text: str
    default: str
    asked_at: int
    answer: str | None
    answered_by: str
    answered_at: int | None
    options: tuple[str, ...]


_FIELDS = tuple(name for name in Question.__dataclass_fields__ if name != "options")
_COLUMNS = tuple(getattr(schema.Question, name) for name in _FIELDS)


async def ask(
    s: AsyncSession, run_id: str, key: str, text: str, options: tuple[str, ...], default: str
) -> Question:
    """Ask, or find what was asked (and perhaps answered) under this key before."""
    statement = (
        dialect.insert(s, schema.Question)
        .values(
            run_id=run_id,
            key=key,
            text=text,
            default=default,
            answered_by="",
            asked_at=clock.now_ms(),
        )
        .on_conflict_do_nothing(index_elements=["run_id", "key"])
        .returning(schema.Question.id)
    )
    number = (await s.execute(statement)).scalar()
    if number is not None and options:
        texts = [
            {"question_id": number, "position": i, "text": option}
            for i, option in enumerate(options)
        ]
        await s.execute(insert(schema.QuestionOption), texts)
    found = await _read(s, schema.Question.run_id == run_id, schema.Question.key == key)
    return found[0]


async def answer(s: AsyncSession, question_id: int, text: str, *, by: str = "") -> bool:
    """Answer; False when somebody has answered already. ``by`` is the client, or ``policy``."""
    statement = (
        update(schema.Question)
        .where(schema.Question.id == question_id, schema.Question.answered_at.is_(None))
        .values(answer=text, answered_by=by, answered_at=clock.now_ms())
        .returning(schema.Question.id)
    )
    return (await s.execute(statement)).first() is not None


async def get(s: AsyncSession, question_id: int) -> Question | None:
    found = await _read(s, schema.Question.id == question_id)
    return found[0] if found else None


async def unanswered(
    s: AsyncSession, *, run_id: str | None = None, workspace_id: int | None = None
) -> tuple[Question, ...]:
    """Open questions, the oldest first."""
    conditions: list[ColumnElement[bool]] = [schema.Question.answered_at.is_(None)]
    if run_id is not None:
        conditions.append(schema.Question.run_id == run_id)
    if workspace_id is not None:
        runs = select(schema.Run.id).where(schema.Run.workspace_id == workspace_id)
        conditions.append(schema.Question.run_id.in_(runs))
    return await _read(s, *conditions)


async def listing(s: AsyncSession, run_id: str) -> tuple[Question, ...]:
    """Every question of the run, the oldest first."""
    return await _read(s, schema.Question.run_id == run_id)


async def _read(s: AsyncSession, *conditions: ColumnElement[bool]) -> tuple[Question, ...]:
    statement = select(*_COLUMNS).where(*conditions).order_by(schema.Question.id)
    found: Any = (await s.execute(statement)).all()
    options: dict[int, list[str]] = {row[0]: [] for row in found}
    texts = select(schema.QuestionOption.question_id, schema.QuestionOption.text)
    chosen = texts.where(schema.QuestionOption.question_id.in_(list(options)))
    for number, text in await s.execute(chosen.order_by(schema.QuestionOption.position)):
        options[number].append(text)
    return tuple(Question(*(*row, tuple(options[row[0]]))) for row in found)

"""A run's questions, put to the person who is waiting for it."""

import anyio
import msgspec

from samokoder.agents.errors import InvalidInput
from samokoder.server.commands.command import Call
from samokoder.server.commands.shared import waited


async def attended(call: Call, run_id: str) -> None:
    """Wait for a run and ask what it asks; the user's cancellation cancels the run.

    In a shell where nobody can be asked it returns while the run waits: `run answer` and
    `run resume` take it up again. A client that follows events is told of questions there, and
    answers by `run answer`.
    """
    engine = call.service.engine
    client = call.service.connections.get(call.client or "")
    if client is not None and client.capabilities.events:
        await waited(call, run_id)
        return
    asked: set[str] = set()
    with anyio.CancelScope() as scope:
        try:
            async with anyio.create_task_group() as group:

                async def ask(key: str, text: str, options: tuple[str, ...]) -> None:
                    if key in asked:
                        return
                    asked.add(key)
                    answer = await call.choose(text, options)
                    if answer is not None:
                        try:
                            await engine.answer(run_id, key, answer, by=call.client or "shell")
                        except InvalidInput:
                            return  # somebody else was first
                    elif call.client is None:
                        await call.say(f"{text} Answer with `samokoder run answer {run_id}`.")
                        scope.cancel()

                async def listen() -> None:
                    with engine.stream.listen() as heard:
                        for q in (await engine.view(run_id)).questions:
                            if q.answer is None:
                                group.start_soon(ask, q.key, q.text, q.options)
                        async for event in heard:
                            if event.run_id == run_id and event.kind == "question":
                                facts = msgspec.json.decode(event.facts)
                                options = tuple(facts["options"])
                                group.start_soon(ask, facts["key"], facts["text"], options)

                group.start_soon(listen)
                await engine.ended(run_id, call.say)
                group.cancel_scope.cancel()
        except anyio.get_cancelled_exc_class():
            if call.cancelled_by_user and not scope.cancel_called:
                with anyio.CancelScope(shield=True):
                    await engine.cancel(run_id)
            raise

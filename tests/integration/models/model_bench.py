"""A scripted server on loopback and the three adapters that speak to it."""

from dataclasses import dataclass, field
from typing import Any

from samokoder.agents.models.anthropic import AnthropicModel
from samokoder.agents.models.gemini import GeminiModel
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import ChatRequest, Delta, Message, Model, Profile, Usage
from samokoder.agents.models.openai import OpenAIModel, Quirks
from samokoder.agents.models.scripted_server import ScriptedServer

DIALECTS = ("openai", "anthropic", "gemini")
KEY = "our-own-plain-key"


@dataclass
class Heard:
    """A whole answer as the adapter gave it."""

    text: str = ""
    usage: Usage | None = None
    finish: str | None = None
    model: str = ""
    deltas: list[Delta] = field(default_factory=list)


def asked(text: str = "hello", **more: Any) -> ChatRequest:
    return ChatRequest((Message("system", "be brief"), Message("user", text)), **more)


async def hear(model: Model, request: ChatRequest | None = None) -> Heard:
    heard = Heard()
    async for delta in model.stream(request or asked()):
        heard.deltas.append(delta)
        heard.text += delta.text
        heard.usage = delta.usage or heard.usage
        heard.finish = delta.finish or heard.finish
        heard.model = delta.model or heard.model
    return heard


@dataclass
class Bench:
    """A running server and how to reach it."""

    server: ScriptedServer
    connections: Connections
    limits: Limits

    def model(self, dialect: str, **quirks: Any) -> Model:
        url = self.server.url
        profile = Profile(dialect, "m-1")
        if dialect == "anthropic":
            headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
            there = Endpoint(dialect, f"{url}/v1", KEY, headers, "m-1")
            return AnthropicModel(profile, there, self.connections, self.limits)
        if dialect == "gemini":
            there = Endpoint(dialect, f"{url}/v1beta", KEY, {"x-goog-api-key": KEY}, "m-1")
            return GeminiModel(profile, there, self.connections, self.limits)
        there = Endpoint(dialect, f"{url}/v1", KEY, {"authorization": f"Bearer {KEY}"}, "m-1")
        return OpenAIModel(profile, there, self.connections, self.limits, Quirks(**quirks))

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("one")


app = Starlette(routes=[Route("/", page)])

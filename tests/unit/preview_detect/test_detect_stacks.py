"""How a project is run, found from its files alone. R10"""

from typing import Any

import pytest

from samokoder.agents.errors import InvalidInput
from samokoder.agents.preview.spec import Reload, Stack

SERVER = """\
import os
from http.server import HTTPServer, SimpleHTTPRequestHandler as Handler

if __name__ == "__main__":
    HTTPServer(("0.0.0.0", int(os.environ.get("PORT", 9100))), Handler).serve_forever()
"""
WSGI = "def application(environ, start_response):\n    return [b'']\n"
ASGI = "async def app(scope, receive, send):\n    return None\n"
FLASK = "from flask import Flask\n\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\n\napi = FastAPI()\n"


async def test_a_python_server_of_the_standard_library(found: Any) -> None:
    spec = await found({"serve.py": SERVER, "test_serve.py": "import serve\n"})
    assert (spec.stack, spec.start, spec.port) == (Stack.PYTHON, ("python", "serve.py"), 9100)
    assert spec.install == ()
    assert spec.notes == ()


async def test_a_server_nobody_outside_could_reach_is_noted(found: Any) -> None:
    text = SERVER.replace("0.0.0.0", "127.0.0.1").replace('os.environ.get("PORT", 9100)', "9100")
    (note,) = (await found({"serve.py": text})).notes
    assert "127.0.0.1" in note


@pytest.mark.parametrize(
    ("wanted", "start"),
    [
        ("flask\n", "-m flask --app app:app run --host 0.0.0.0 --port 8000"),
        ("Flask>=3\ngunicorn==23\n", "-m gunicorn --bind 0.0.0.0:8000 app:app"),
        ("flask\nwaitress\n", "-m waitress --listen=0.0.0.0:8000 app:app"),
    ],
)
async def test_a_wsgi_framework(found: Any, wanted: str, start: str) -> None:
    spec = await found({"app.py": FLASK, "requirements.txt": wanted})
    assert " ".join(spec.start) == f"python {start}"
    assert spec.install == (("python", "-m", "pip", "install", "-r", "requirements.txt"),)
    assert spec.locks == ("requirements.txt",)


async def test_a_bare_wsgi_application_is_served_by_the_standard_library(found: Any) -> None:
    spec = await found({"site/wsgi.py": WSGI})
    assert spec.start[:2] == ("python", "-c")
    assert "'site.wsgi'" in spec.start[2]
    assert "'application'" in spec.start[2]
    compile(spec.start[2], "start", "exec")


async def test_an_asgi_application(found: Any) -> None:
    spec = await found({"src/shop/main.py": FASTAPI, "requirements.txt": "fastapi\nhypercorn\n"})
    assert spec.start == ("python", "-m", "hypercorn", "--bind", "0.0.0.0:8000", "shop.main:api")
    bare = await found({"src/shop/main.py": ASGI, "requirements.txt": "# nothing\n"})
    assert bare.start[2:4] == ("uvicorn", "shop.main:app")
    assert bare.install == (("python", "-m", "pip", "install", "uvicorn"),)
    assert "uvicorn" in bare.notes[0]


async def test_django_streamlit_and_workers(found: Any) -> None:
    django = await found({"manage.py": "import django\n", "shop/wsgi.py": WSGI})
    assert django.start == ("python", "manage.py", "runserver", "0.0.0.0:8000", "--noreload")
    page = await found(
        {"manage.py": "", "page.py": "import streamlit as st\nst.write(1)\n", "shop/wsgi.py": ""}
    )
    assert (page.start[3:5], page.port, page.reload) == (("run", "page.py"), 8501, Reload.WATCH)


async def test_a_worker_listens_nowhere(found: Any) -> None:
    spec = await found({"main.py": "import time\nwhile True:\n    time.sleep(1)\n"})
    assert (spec.start, spec.port) == (("python", "main.py"), 0)


async def test_a_broken_program_is_previewed_too(found: Any) -> None:
    spec = await found({"app.py": "def broken(:\n", "lib.py": "x = 1\n"})
    assert spec.start == ("python", "app.py")


async def test_dependencies_of_a_package(found: Any) -> None:
    manifest = '[project]\nname = "a"\ndependencies = ["flask>=3", "uvicorn"]\n'
    spec = await found({"app.py": FLASK, "pyproject.toml": manifest})
    assert spec.install == (("python", "-m", "pip", "install", "flask>=3", "uvicorn"),)
    assert spec.locks == ("pyproject.toml",)


async def test_a_node_server(found: Any) -> None:
    code = "require('http').createServer().listen(process.env.PORT || 4100)\n"
    package = '{"scripts": {"start": "node server.js"}}'
    spec = await found({"package.json": package, "server.js": code})
    assert (spec.stack, spec.start, spec.port) == (Stack.NODE, ("npm", "run", "start"), 4100)
    assert spec.install == ()
    assert spec.reload is Reload.RESTART


async def test_a_node_file_without_a_package(found: Any) -> None:
    spec = await found({"index.mjs": "createServer((q, a) => a.end()).listen(4200)\n"})
    assert (spec.start, spec.port) == (("node", "index.mjs"), 4200)


@pytest.mark.parametrize(
    ("lock", "install", "start"),
    [
        ("package-lock.json", "npm ci", "npm run dev -- --host 0.0.0.0 --port 5173 --strictPort"),
        (
            "yarn.lock",
            "yarn install --frozen-lockfile",
            "yarn run dev --host 0.0.0.0 --port 5173 --strictPort",
        ),
    ],
)
async def test_a_vite_page(found: Any, lock: str, install: str, start: str) -> None:
    package = (
        '{"scripts": {"dev": "vite", "build": "vite build"}, "devDependencies": {"vite": "8"}}'
    )
    spec = await found({"package.json": package, "index.html": "", lock: ""})
    assert " ".join(spec.install[0]) == install
    assert " ".join(spec.start) == start
    assert (spec.port, spec.reload, spec.locks) == (5173, Reload.WATCH, (lock,))


async def test_a_node_build(found: Any) -> None:
    package = '{"scripts": {"build": "tsc", "start": "node dist/a.js --port 4300"}}'
    spec = await found({"package.json": package})
    assert spec.build == (("npm", "run", "build"),)
    assert (spec.port, spec.reload) == (4300, Reload.BUILD)


async def test_compiled_programs(found: Any) -> None:
    go = 'package main\n\nfunc main() {\n\thttp.ListenAndServe(":9200", nil)\n}\n'
    spec = await found({"go.mod": "module a\n", "cmd/web/main.go": go})
    assert (spec.build[0][:2], spec.build[0][-1], spec.port) == (("go", "build"), "./cmd/web", 9200)
    assert spec.start == ("./" + spec.build[0][3],)


async def test_rust(found: Any) -> None:
    main = 'fn main() { std::net::TcpListener::bind("0.0.0.0:9300"); }\n'
    manifest = '[package]\nname = "shop"\n[dependencies]\naxum = "1"\n'
    spec = await found({"Cargo.toml": manifest, "src/main.rs": main})
    assert (spec.start, spec.port) == (("./target/release/shop",), 9300)
    assert spec.install == (("cargo", "fetch"),)


async def test_c_with_and_without_a_makefile(found: Any) -> None:
    main = "int main(void) {\n  a.sin_port = htons(9400); listen(s, 5);\n}\n"
    spec = await found({"server.c": main, "parts.c": "int x;\n"})
    assert spec.build[0][-2:] == ("parts.c", "server.c")
    assert (spec.stack, spec.port, spec.reload) == (Stack.C, 9400, Reload.BUILD)
    made = "NAME = shop\nall: shop\nshop: server.c\n\tcc -o $(NAME) server.c\n"
    spec = await found({"Makefile": made})
    assert (spec.build, spec.start) == ((("make",),), ("./shop",))


async def test_pages(found: Any) -> None:
    spec = await found({"public/index.html": "<p>"})
    assert (spec.stack, spec.start[-1], spec.reload) == (Stack.STATIC, "public", Reload.WATCH)


async def test_a_folder_below_the_root(found: Any) -> None:
    files = {"backend/app.py": FLASK, "backend/requirements.txt": "flask\n", "index.html": ""}
    spec = await found(files, "backend")
    assert (spec.folder, spec.start[4]) == ("backend", "app:app")
    assert spec.locks == ("backend/requirements.txt",)


async def test_nothing_to_start(found: Any) -> None:
    with pytest.raises(InvalidInput, match="nothing that a preview could start"):
        await found({"notes.txt": "", "lib.py": "def f():\n    return 1\n"})


async def test_a_dockerfile(found: Any) -> None:
    text = (
        "ARG BASE=python\nFROM $BASE AS build\nEXPOSE 1\nFROM scratch\nENV PORT=8088\n"
        'EXPOSE ${PORT}/tcp\nCMD ["python", \\\n  "a.py"]\n'
    )
    spec = await found({"Dockerfile": text, "app.py": FLASK})
    assert (spec.stack, spec.dockerfile, spec.port) == (Stack.DOCKERFILE, "Dockerfile", 8088)
    assert spec.title == "Dockerfile: python a.py"


async def test_a_devcontainer_names_the_image(found: Any) -> None:
    text = '{\n  // ours\n  "image": "corp/python:3", "forwardPorts": [9], "runArgs": ["-v"],\n}'
    spec = await found({"serve.py": SERVER, ".devcontainer/devcontainer.json": text})
    assert (spec.base, spec.port, spec.start) == ("corp/python:3", 9100, ("python", "serve.py"))
    assert spec.refused == (".devcontainer/devcontainer.json: runArgs",)

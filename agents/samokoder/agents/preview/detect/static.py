"""Pages that need no program: a folder with an index page."""

from pathlib import Path

from samokoder.agents.checks.detect.project import Project, join
from samokoder.agents.preview.spec import PreviewSpec, Reload, Stack

_FOLDERS = ("", "public", "site", "dist", "build", "www", "docs", "htdocs")
PORT = 8000


def has_page(folder: Path) -> bool:
    """Whether there is an index page where one is looked for. Blocking."""
    return any((folder / place / "index.html").is_file() for place in _FOLDERS)


async def static_spec(project: Project, folder: str) -> PreviewSpec | None:
    """The folder of the index page nearest to the root."""
    for place in _FOLDERS:
        index = join(join(folder, place), "index.html") if place else join(folder, "index.html")
        if project.has(index):
            return PreviewSpec(
                Stack.STATIC,
                title=f"Static pages, {index}",
                origin=index,
                start=(
                    "python", "-m", "http.server", str(PORT), "--bind", "0.0.0.0",
                    "--directory", place or ".",
                ),
                port=PORT,
                reload=Reload.WATCH,
            )  # fmt: skip
    return None

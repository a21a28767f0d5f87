"""Pack the built VS Code extension: a VSIX is a zip with two manifests beside the extension.

The server's wheel is inside, so that the extension can install it. The same input gives the same
bytes. ``vsix.py [BUNDLE [TARGET]]``: the folder esbuild has written to, and the file to write.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

PROJECT = Path(__file__).resolve().parent.parent
EXTENSION = PROJECT / "vscode-extension"
PYTHON = PROJECT / ".venv" / "bin" / "python"
EPOCH = "1577836800"
"""The time stamped on everything in the wheel: a package's bytes depend on its contents alone."""
FILES = (
    "package.json",
    "package.nls*.json",
    "README.md",
    "l10n/*.json",
    "images/*",
    "walkthrough/*.svg",
)
PACKAGE = re.compile(r"node_modules/((?:@[^/]+/)?[^/]+)/")
PICTURE = re.compile(r"\]\(\.\./docs/editors/images/([\w-]+\.png)")
LIMIT = 2_000_000
"""Bytes; a thin client has no reason to be larger."""

TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension=".json" ContentType="application/json"/>
<Default Extension=".js" ContentType="application/javascript"/>
<Default Extension=".md" ContentType="text/markdown"/>
<Default Extension=".txt" ContentType="text/plain"/>
<Default Extension=".lock" ContentType="text/plain"/>
<Default Extension=".svg" ContentType="image/svg+xml"/>
<Default Extension=".png" ContentType="image/png"/>
<Default Extension=".whl" ContentType="application/zip"/>
<Default Extension=".vsixmanifest" ContentType="text/xml"/>
</Types>
"""

MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
<Metadata>
<Identity Language="en-US" Id={name} Version={version} Publisher={publisher}/>
<DisplayName>{title}</DisplayName>
<Description xml:space="preserve">{description}</Description>
<Categories>{categories}</Categories>
<Tags>{tags}</Tags>
<License>extension/LICENSE.txt</License>
<Icon>extension/images/icon.png</Icon>
<Properties>
<Property Id="Microsoft.VisualStudio.Code.Engine" Value={engine}/>
<Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/>
</Properties>
</Metadata>
<Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
<Dependencies/>
<Assets>
<Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json"
 Addressable="true"/>
<Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md"
 Addressable="true"/>
<Asset Type="Microsoft.VisualStudio.Services.Content.Changelog" Path="extension/CHANGELOG.md"
 Addressable="true"/>
<Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt"
 Addressable="true"/>
<Asset Type="Microsoft.VisualStudio.Services.Icons.Default" Path="extension/images/icon.png"
 Addressable="true"/>
</Assets>
</PackageManifest>
"""


def manifest() -> str:
    """The manifest of the package, from the extension's own."""
    package = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    words = json.loads((EXTENSION / "package.nls.json").read_text("utf-8"))
    return MANIFEST.format(
        name=quoteattr(package["name"]),
        version=quoteattr(package["version"]),
        publisher=quoteattr(package["publisher"]),
        engine=quoteattr(package["engines"]["vscode"]),
        title=escape(package["displayName"]),
        description=escape(words["description"]),
        categories=escape(",".join(package["categories"])),
        tags=escape(",".join(package["keywords"])),
    )


def digest(path: Path) -> str:
    """The hash two builds are compared by."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def notices(bundle: Path) -> str:
    """The licences of the packages that are inside the bundle."""
    inputs = json.loads((bundle / "bundle.json").read_text("utf-8"))["inputs"]
    names = sorted({match[1] for name in inputs if (match := PACKAGE.match(name))})
    texts = []
    for name in names:
        folder = EXTENSION / "node_modules" / name
        licences = sorted(folder.glob("[Ll][Ii][Cc][Ee][Nn][Ss][Ee]*"))
        if not licences:
            sys.exit(f"{name} is in the bundle and has no licence file")
        texts.append(f"{name}\n\n{licences[0].read_text('utf-8').strip()}\n")
    return f"\n{'-' * 72}\n\n".join(texts)


def pictured(readme: str) -> tuple[str, dict[str, bytes]]:
    """The README with its pictures inside the package, and the pictures."""
    names = sorted(set(PICTURE.findall(readme)))
    folder = PROJECT / "docs" / "editors" / "images"
    found = {f"extension/images/{name}": (folder / name).read_bytes() for name in names}
    return PICTURE.sub(r"](images/\1", readme), found


def wheel() -> tuple[str, bytes]:
    """The server's wheel: its name and its bytes, the same for the same sources."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [PYTHON, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
            cwd=PROJECT,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
            check=True,
            capture_output=True,
        )
        (made,) = Path(folder).glob("*.whl")
        return made.name, made.read_bytes()


def main(bundle: Path = EXTENSION / "out", target: Path = EXTENSION / "samokoder.vsix") -> None:
    """Write the package."""
    parts = {"extension.vsixmanifest": manifest().encode(), "[Content_Types].xml": TYPES.encode()}
    for pattern in FILES:
        for path in sorted(EXTENSION.glob(pattern)):
            parts[f"extension/{path.relative_to(EXTENSION).as_posix()}"] = path.read_bytes()
    for path in sorted(bundle.glob("*.js")):
        parts[f"extension/out/{path.name}"] = path.read_bytes()
    readme, pictures = pictured(parts["extension/README.md"].decode())
    parts |= {"extension/README.md": readme.encode(), **pictures}
    parts["extension/LICENSE.txt"] = (PROJECT / "LICENSE").read_bytes()
    parts["extension/CHANGELOG.md"] = (PROJECT / "CHANGELOG.md").read_bytes()
    wheel_name, wheel_data = wheel()
    parts[f"extension/wheel/{wheel_name}"] = wheel_data
    parts["extension/wheel/requirements.lock"] = (PROJECT / "requirements.lock").read_bytes()
    parts["extension/ThirdPartyNotices.txt"] = notices(bundle).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3  # the same on every system that packs
            package.writestr(entry, data, zipfile.ZIP_DEFLATED)
    size = target.stat().st_size
    code = sum(len(data) for name, data in parts.items() if name.endswith(".js"))
    print(f"bundle {code / 1e3:.0f} kB, wheel {len(wheel_data) / 1e3:.0f} kB")
    print(f"{os.path.relpath(target, PROJECT)}: {size / 1e6:.2f} MB, sha256 {digest(target)}")
    if size > LIMIT:
        sys.exit(f"larger than {LIMIT} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

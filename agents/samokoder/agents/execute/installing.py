"""What installers find in their environment: where packages come from, where they are kept.

Packages are cached beside the copy for as long as it lives, so a second install is quick.
"""

import re
from collections.abc import Mapping
from pathlib import Path

_INDEX = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "GOPROXY",
    "npm_config_registry", "NPM_CONFIG_REGISTRY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
"""How this machine reaches its package index; given only to what may use the network."""

_CREDENTIALS = re.compile(r"//[^/@\s]+@")


def environment(source: Mapping[str, str], cache: Path, *, network: bool) -> dict[str, str]:
    """Variables for installers; an address with credentials in it stays outside."""
    env = {
        "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "UV_CACHE_DIR": str(cache / "uv"),
        "npm_config_cache": str(cache / "npm"),
        "npm_config_fund": "false",
        "npm_config_audit": "false",
    }
    if not network:
        return {**env, "npm_config_offline": "true", "PIP_NO_INDEX": "1", "GOPROXY": "off"}
    for name in _INDEX:
        value = source.get(name, "")
        if value and not _CREDENTIALS.search(value):
            env[name] = value
    return env

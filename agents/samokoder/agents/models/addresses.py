"""Is an address on this machine, or at least on this network?"""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """True only for addresses that cannot leave this machine, judged without a look-up."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_near(url: str) -> bool:
    """True for this machine and private networks, where servers rarely have certificates."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        last = host.rpartition(".")[2]
        return is_loopback(url) or "." not in host or last in ("local", "lan", "internal", "home")

"""Is an address on this machine?"""

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

"""Which hosts may be told what: an allow-list for each namespace."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from semsearch.errors import UsageError

LOCAL, ANY = "local", "any"
DEFAULT_HOST = "api.openai.com"
"""Where the client goes when no base URL is given."""


def host_of(base_url: str) -> str:
    """The host of an endpoint in small letters; that of the client's default for an empty one.

    Raises UsageError when there is none in it.
    """
    if not base_url:
        return DEFAULT_HOST
    try:
        host = urlsplit(base_url).hostname
    except ValueError:
        host = None
    if not host:
        raise UsageError(
            f"'{base_url}' is no address of an endpoint.",
            "Next: correct [llm] base_url in semsearch.toml, such as http://localhost:8080/v1; semsearch doctor",
        )
    return host.rstrip(".")


def is_local(host: str) -> bool:
    """Whether a host is this machine or an address of a private network; names are not looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_private)


def check_allowed(namespace: str, base_url: str, allowed: Collection[str]) -> None:
    """Raise UsageError when texts of a namespace may not be sent to the endpoint at `base_url`.

    `allowed` holds hosts; `local` stands for this machine and private addresses, `any` for every host.
    """
    host = host_of(base_url)
    if ANY in allowed or host in {name.lower() for name in allowed} or (LOCAL in allowed and is_local(host)):
        return
    raise UsageError(
        f"Texts of namespace '{namespace}' may go to {', '.join(sorted(allowed)) or 'no host'}, not to {host}.",
        f"Next: name such an endpoint in [llm] base_url of semsearch.toml, or '{host}' in [llm.allow] {namespace}; "
        "semsearch doctor",
    )

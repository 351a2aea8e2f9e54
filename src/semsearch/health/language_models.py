"""What the doctor looks at before a language model is asked: prompts, address, key, allow-list, prices.

All of it from files and settings: nothing is called, so that a server that is down or a key that is refused shows only
when it is asked.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from semsearch.errors import MissingService, UsageError
from semsearch.llm.endpoint import address
from semsearch.llm.guard.providers import ANY, LOCAL, check_allowed, host_of, is_local
from semsearch.records import NAMESPACES
from semsearch.settings import LlmSettings, Settings
from semsearch.workspace import Workspace

CORRECT = "Next: correct {} in semsearch.toml"


def prompts(workspace: Workspace) -> str:
    """How many there are; raises UsageError naming the first fault."""
    from semsearch.llm.prompts.checking import problems
    from semsearch.wiring.prompts import known_outputs, open_prompts

    library, outputs = open_prompts(workspace), known_outputs()
    found = {prompt_id: library.origin(prompt_id) for prompt_id in library.ids()}
    faults = [fault for prompt_id in found for fault in problems(library, prompt_id, outputs)]
    if faults:
        more = f" And {len(faults) - 1} more." if faults[1:] else ""
        raise UsageError(f"{faults[0]}{more}", "Next: semsearch prompts check")
    n_own = list(found.values()).count("workspace")
    return f"{len(found)} without fault, {n_own} of them the workspace's own"


def endpoint(settings: LlmSettings) -> str:
    """Where the models are; raises UsageError for what is no address of the web."""
    url = address(settings)
    host = host_of(url)
    try:
        parts = urlsplit(url)
        wrong = "" if parts.scheme in ("http", "https") else "it begins with neither http:// nor https://"
        _ = parts.port
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise UsageError(f"'{url}' is no address of an endpoint: {wrong}.", CORRECT.format("[llm] base_url"))
    return f"{host}, {'this machine or a private network' if is_local(host) else 'outside'}; not called"


def key(settings: Settings, needed: bool) -> str:
    """Whether OPENAI_API_KEY is set; raises MissingService for one that is none, or for none where one is `needed`."""
    given, llm = os.environ.get("OPENAI_API_KEY", ""), settings.llm
    if given:
        if not (given.isascii() and given.isprintable()):
            raise MissingService("OPENAI_API_KEY holds signs that no key has.", "Next: export OPENAI_API_KEY=…")
        return "OPENAI_API_KEY is set"
    if llm.base_url or os.environ.get("OPENAI_BASE_URL"):
        return "OPENAI_API_KEY is not set; many servers of one's own need none"
    step = "export OPENAI_API_KEY=…, or [llm] base_url for a server of your own"
    if needed or settings.index.encoder == "openai":
        raise MissingService(f"OPENAI_API_KEY is not set, which {host_of(address(llm))} needs.", f"Next: {step}")
    return f"OPENAI_API_KEY is not set: no model can be asked ({step})"


def allowed(settings: Settings, judged: tuple[str, ...]) -> str:
    """Of which namespaces texts may go to the endpoint.

    Raises UsageError when one of the `judged` may not, or for an entry that never applies.
    """
    llm = settings.llm
    known = tuple(dict.fromkeys((*NAMESPACES, *settings.campaigns.namespaces)))
    for name, hosts in llm.allow.items():
        if name not in (*known, "default"):
            told = f"There is no namespace '{name}': there are {', '.join((*known, 'default'))}."
            raise UsageError(told, CORRECT.format("[llm.allow]"))
        wrong = next((host for host in hosts if not _is_host(host)), None)
        if wrong is not None:
            raise UsageError(
                f"'{wrong}' is no host: a name or an address alone, {LOCAL} or {ANY}.",
                CORRECT.format(f"[llm.allow] {name}"),
            )
    for name in judged:
        check_allowed(name, address(llm), llm.allowed(name))
    may = [name for name in known if _may(name, llm)]
    not_ = [name for name in known if name not in may]
    return f"texts of {', '.join(may) or 'no namespace'} may go there" + (f", not of {', '.join(not_)}" if not_ else "")


def prices(settings: LlmSettings) -> str:
    """Whether a cap can be kept; raises UsageError when one is set and a model has no price."""
    if not settings.max_usd:
        return "no cap is set ([llm] max_usd)"
    missing = [name for name in (settings.large, settings.small) if settings.price(name) is None]
    if missing and not is_local(host_of(address(settings))):
        raise UsageError(
            f"Nobody has said what {' and '.join(dict.fromkeys(missing))} cost, so no cap can be kept.",
            f'Next: add [llm.prices."{missing[0]}"] to semsearch.toml: input and output, US dollars a million tokens',
        )
    return f"at most ${settings.max_usd:,g} a command"


def _may(namespace: str, settings: LlmSettings) -> bool:
    try:
        check_allowed(namespace, address(settings), settings.allowed(namespace))
    except UsageError:
        return False
    return True


def _is_host(name: str) -> bool:
    """Whether this is all that a URL has of a host, as `host_of` gives it."""
    literal = f"[{name}]" if name.count(":") > 1 else name
    try:
        return bool(name) and urlsplit(f"http://{literal}").hostname == name.lower() and "/" not in name
    except ValueError:
        return False

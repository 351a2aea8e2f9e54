"""What a named person decides on proposals: an accepted one is written into the workspace's lexicon, a rejected one is
remembered and not proposed again.

```
lexicon/proposals.json     what the last propose found; replaced as a whole
lexicon/decisions.jsonl    who decided what, when, on which evidence; lines are only added
lexicon/KIND.tsv           the user's entries; lines are only added, every other byte stays
```
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from semsearch.errors import UsageError
from semsearch.longtail.lexicon.proposals import Key, Proposal
from semsearch.longtail.lexicon.surfaces import joined
from semsearch.plain import plain
from semsearch.text.lexicons import Group, Lexicon
from semsearch.text.views import search
from semsearch.workspace import Workspace

Verdict = Literal["accept", "reject"]
_AGAIN = "Next: semsearch lexicon propose"


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of decisions.jsonl."""

    at: str
    """UTC, ISO 8601."""
    by: str
    verdict: str
    """accept or reject."""
    proposal: Proposal
    """As it was shown, with its evidence."""
    written: tuple[str, ...] = ()
    """The columns of the line that was added; none for a reject."""
    reason: str = ""


def keep(workspace: Workspace, proposals: Sequence[Proposal]) -> None:
    """Replace what was proposed before. Needs `writing()`."""
    workspace.write_json(_proposals_path(workspace), [plain(proposal) for proposal in proposals])


def kept(workspace: Workspace) -> list[Proposal]:
    """What the last propose found, best first; empty before the first. Raises UsageError for a damaged file."""
    path = _proposals_path(workspace)
    if not path.is_file():
        return []
    try:
        return [_proposal(raw) for raw in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise UsageError(f"{path} cannot be read: {error}", _AGAIN) from error


def decisions(workspace: Workspace) -> list[Decision]:
    """All decisions, oldest first. Raises UsageError naming the line of a damaged one."""
    path = _decisions_path(workspace)
    found = []
    for number, line in enumerate(path.read_bytes().splitlines() if path.is_file() else (), start=1):
        try:
            raw = json.loads(line)
            given = raw | {"proposal": _proposal(raw["proposal"]), "written": tuple(raw["written"])}
            found.append(Decision(**given))
        except (ValueError, TypeError, LookupError) as error:
            step = "Next: correct the line, then run the command again"
            raise UsageError(f"{path}, line {number} cannot be read: {error}", step) from error
    return found


def standing(workspace: Workspace) -> dict[Key, Decision]:
    """The last decision on each pair of surfaces, whatever its kind."""
    return {decision.proposal.key: decision for decision in decisions(workspace)}


def decide(
    workspace: Workspace, ids: Sequence[str], verdict: Verdict, *, by: str, now: datetime, reason: str = ""
) -> list[Decision]:
    """Accept or reject proposals by id; gives what was decided now, without what stands so already.

    A bad id changes nothing; what a kill left undone the same call completes. Raises UsageError for an unknown id,
    without a name, for rejecting what was accepted, and for a lexicon file that cannot be read. Needs `writing()`.
    """
    if not by.strip():
        raise UsageError(
            f"Who decides? {verdict.capitalize()}ing is kept with a name.",
            f"Next: semsearch lexicon {verdict} {' '.join(ids)} --by NAME, or set SEMSEARCH_REVIEWER",
        )
    Lexicon.load([workspace.path("lexicon")])
    stands = standing(workspace)
    chosen = _chosen(workspace, ids, stands)
    accepted = [each for each in chosen if each.key in stands and stands[each.key].verdict == "accept"]
    if verdict == "reject" and accepted:
        line = "\t".join(stands[accepted[0].key].written)
        raise UsageError(
            f"{accepted[0].proposal_id} was accepted by {stands[accepted[0].key].by}: it is in the lexicon.",
            f"Next: take the line {line!r} out of {_tsv_path(workspace, accepted[0].kind)}, then semsearch index build",
        )
    made = []
    for proposal in chosen:
        written = _write(workspace, proposal) if verdict == "accept" else ()
        same = proposal.key in stands and stands[proposal.key].verdict == verdict
        if written or not same:
            made.append(Decision(now.isoformat(), by.strip(), verdict, proposal, written, reason))
    _append(
        _decisions_path(workspace), [json.dumps(plain(asdict(each)), ensure_ascii=False) for each in made], workspace
    )
    return made


def _chosen(workspace: Workspace, ids: Sequence[str], stands: dict[Key, Decision]) -> list[Proposal]:
    """The proposals of these ids, each once: those of the last propose, and those that were decided before."""
    known = {decision.proposal.proposal_id: decision.proposal for decision in stands.values()}
    known |= {proposal.proposal_id: proposal for proposal in kept(workspace)}
    for unknown in (each for each in ids if each not in known):
        told = "Nothing was proposed yet" if not known else f"There is no proposal '{unknown}'"
        raise UsageError(f"{told}.", "Next: semsearch lexicon list" if known else _AGAIN)
    return [known[each] for each in dict.fromkeys(ids)]


def _write(workspace: Workspace, proposal: Proposal) -> tuple[str, ...]:
    """Add the entry to its file and give its columns; none when the file ties the surfaces already.

    The first column names the group: two lines with one name are one group, so that an entry joins the group that has
    one of its surfaces without a change to the old line.
    """
    path = _tsv_path(workspace, proposal.kind)
    lexicon = Lexicon.load([workspace.path("lexicon")])
    groups = [lexicon.lookup(joined(surface)) for surface in proposal.surfaces]
    if not set(map(lexicon.token, groups[0])).isdisjoint(map(lexicon.token, groups[1])):
        return ()
    first = _first(proposal, lexicon)
    others = (surface for surface in proposal.surfaces if joined(surface) != joined(search(first)))
    columns = (first, *others)
    _append(path, ["\t".join(columns)], workspace)
    return columns


def _first(proposal: Proposal, lexicon: Lexicon) -> str:
    """The name of the group that has one of the surfaces, else the surface that names no group of another kind.

    Near equals that began with the name of equals would become equals.
    """
    synonyms = proposal.kind == "synonyms"
    of_kind = {group for group in lexicon.groups if (group.kind == "synonyms") == synonyms}
    taken = {lexicon.token(group) for group in lexicon.groups if group not in of_kind}
    held = (group for surface in proposal.surfaces for group in lexicon.lookup(joined(surface)) if group in of_kind)
    names = (group.surfaces[0] for group in held)
    free = (name for name in (*names, *proposal.surfaces) if Group(proposal.kind, (name,)).token not in taken)
    return next(free, proposal.surfaces[0])


def _append(path: Path, lines: Sequence[str], workspace: Workspace) -> None:
    """Write the file anew with the lines at its end: the old bytes stay, and it is never half-written."""
    if not lines:
        return
    old = path.read_bytes() if path.is_file() else b""
    gap = b"" if not old or old.endswith(b"\n") else b"\n"
    with workspace.staged(path) as draft:
        draft.write_bytes(old + gap + "".join(f"{line}\n" for line in lines).encode())


def _proposal(raw: dict[str, Any]) -> Proposal:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Proposal(**values)


def _proposals_path(workspace: Workspace) -> Path:
    return workspace.path("lexicon", "proposals.json")


def _decisions_path(workspace: Workspace) -> Path:
    return workspace.path("lexicon", "decisions.jsonl")


def _tsv_path(workspace: Workspace, kind: str) -> Path:
    return workspace.path("lexicon", f"{kind}.tsv")

"""What models and people said, for `status`: profiles, verdicts and what keeps `spam detect` from running, labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semsearch.errors import SemsearchError
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.records import Profile
    from semsearch.store.campaigns import Standing
    from semsearch.store.database import Store


@dataclass(frozen=True, slots=True)
class SpamStatus:
    """Profiles and verdicts of one namespace."""

    namespace: str
    active: Mapping[str, str]
    """Name to profile id; of those whose approval is as it was written."""
    drafts: tuple[str, ...]
    """Ids of profiles that wait for a person, newest first: nobody ever approved them, or a later one of their name."""
    n_verdicts: int
    """One a text, profile, prompt and model; so are the next two counted."""
    n_flagged: int
    """Those that stand: no later answer of the same profile denies them; of profiles that were taken back, too."""
    n_abstained: int
    blocked: str = ""
    """What keeps `spam detect` from running, the first thing; empty when nothing does."""
    next_step: str = ""
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class LabelStatus:
    """The files of labels of people, or of machines."""

    source: str
    """person or model."""
    n_annotators: int
    n_labels: int
    """Lines: what was taken back and taking back count, too."""


@dataclass(frozen=True, slots=True)
class Moderated:
    """What the database of moderation holds."""

    scanned: tuple[Standing, ...] = ()
    spam: tuple[SpamStatus, ...] = ()


def moderated(workspace: Workspace) -> Moderated:
    """What was scanned, learned and judged, by namespace; nothing before the first scan or profile."""
    if not workspace.moderation_path.is_file():
        return Moderated()
    from semsearch.store.campaigns import CampaignStore
    from semsearch.store.database import Store

    with Store.existing(workspace.moderation_path, now=datetime.now(UTC)) as store:
        return Moderated(tuple(CampaignStore(store).standing()), tuple(_spam(workspace, store)))


def labelled(workspace: Workspace) -> tuple[LabelStatus, ...]:
    """How many labels there are, of people and of machines; without those of whom there is none."""
    if not workspace.path("labels").is_dir():
        return ()
    from semsearch.store.labels.faults import lines_of
    from semsearch.store.labels.files import FOLDERS, LabelFiles

    files = LabelFiles(workspace)
    found = []
    for source in FOLDERS:
        paths = files.paths(source)
        n = sum(line.endswith(b"\n") for path in paths for line in lines_of(path))
        found.append(LabelStatus(source, len({path.parent for path in paths}), n))
    return tuple(each for each in found if each.n_labels)


def _spam(workspace: Workspace, store: Store) -> Iterator[SpamStatus]:
    from semsearch.store.profiles import Profiles
    from semsearch.store.verdicts import Counts, Verdicts

    counts, profiles = Verdicts(store).counts(), Profiles(store).all()
    waiting = _drafts(store, profiles) if profiles else []
    for namespace in sorted({*counts, *(each.namespace for each in profiles)}):
        active, wrong = _active(workspace, store, namespace)
        counted = counts.get(namespace, Counts())
        drafts = tuple(each.profile_id for each in waiting if each.namespace == namespace)
        said = (counted.n, counted.n_flagged, counted.n_abstained)
        yield SpamStatus(namespace, active, drafts, *said, *((wrong.message, wrong.next_step) if wrong else ()))


def _drafts(store: Store, profiles: Sequence[Profile]) -> list[Profile]:
    """Those that wait, in the order in which they come."""
    from semsearch.spam.approving import APPROVE
    from semsearch.store.decisions import Decisions

    approved = {each.subject for each in Decisions(store).all() if each.kind == APPROVE}
    newest: dict[tuple[str, str], datetime] = {}
    for each in profiles:
        if each.profile_id in approved:
            key = (each.namespace, each.name)
            newest[key] = max(each.made_at, newest.get(key, each.made_at))
    late = (each for each in profiles if each.made_at >= newest.get((each.namespace, each.name), each.made_at))
    return [each for each in late if each.profile_id not in approved]


def _active(workspace: Workspace, store: Store, namespace: str) -> tuple[dict[str, str], SemsearchError | None]:
    """Active profiles, name to id, and what keeps posts from being judged with them."""
    from semsearch.spam.approving import active

    names: dict[str, str] = {}
    try:
        names = {each.profile.name: each.profile.profile_id for each in active(store, namespace)}
        if names:
            _check_prompt(workspace, store, namespace)
    except SemsearchError as error:
        return names, error
    return names, None


def _check_prompt(workspace: Workspace, store: Store, namespace: str) -> None:
    """Raises what `spam detect` would raise about the prompt that posts are judged with."""
    from semsearch.spam.approving import active
    from semsearch.spam.verdicts.detecting import PROMPT
    from semsearch.wiring.prompts import open_prompts

    active(store, namespace, open_prompts(workspace).get(PROMPT).prompt_hash)

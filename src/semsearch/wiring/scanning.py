"""What scans: the state of one namespace, its encoder and its settings put together.

Heavy modules are imported inside the functions: opening a searcher must not load what scanning needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.wiring.serving import load_settings, open_encoder
from semsearch.workspace import DEFAULT_PIPELINE, Workspace

if TYPE_CHECKING:
    from semsearch.campaigns.joining.prepare import Encode
    from semsearch.campaigns.joining.preparing import Preparing
    from semsearch.campaigns.restore import Identity, State
    from semsearch.campaigns.scan import Scan
    from semsearch.settings import CampaignSettings, Settings
    from semsearch.store.database import Store

PROCESSES = 2
"""Processes that read posts beside the one that keeps the state."""
NO_MODEL = "none"


@contextmanager
def open_scan(workspace: Workspace, namespace: str, *, now: datetime, sinks: tuple[str, ...] = ()) -> Iterator[Scan]:
    """A scan of `namespace`, which is held until the end.

    Raises UsageError for a namespace that nobody knows, Busy beside another scan, MismatchError when its campaigns were
    found with another encoder, MissingPart when its model is gone.
    """
    from semsearch.campaigns.scan import Scan
    from semsearch.store.database import Store

    settings = load_settings(workspace)
    policy = settings.campaigns.of(namespace)
    with workspace.scanning(namespace), Store.open(workspace.moderation_path, now=now) as store:
        state = open_state(store)
        model_id = model_of(workspace, namespace, policy, state)
        identity = _identity(workspace, namespace, settings, model_id)
        with open_preparing(workspace, settings, policy, model_id) as preparing:
            yield Scan(state, identity, preparing, sinks, now)


def reembed(workspace: Workspace, namespace: str, *, now: datetime) -> str:
    """Let a namespace go on with the encoder that the settings name now; gives its id. Posts and members stay.

    Raises UsageError for a namespace that nobody knows, Busy beside a scan, MissingPart without anything scanned.
    """
    from semsearch.store.database import Store

    settings = load_settings(workspace)
    policy = settings.campaigns.of(namespace)
    with workspace.scanning(namespace), Store.existing(workspace.moderation_path, now=now) as store:
        state = open_state(store)
        if state.campaigns.cursor(namespace) is None:
            raise MissingPart(f"Nothing in {namespace} was scanned yet.", "Next: semsearch scan posts FILE")
        identity = _identity(workspace, namespace, settings, wanted_model(workspace, policy))
        state.campaigns.reembed(namespace, identity.encoder_id)
        return identity.encoder_id


def open_state(store: Store) -> State:
    """The parts of an open store that scanning reads and writes."""
    from semsearch.campaigns.restore import State
    from semsearch.store.campaigns import CampaignStore
    from semsearch.store.decisions import Decisions
    from semsearch.store.journal import Journal

    return State(Journal(store), CampaignStore(store), Decisions(store))


def open_preparing(workspace: Workspace, settings: Settings, policy: CampaignSettings, model_id: str) -> Preparing:
    """What reads posts as `policy` says, with the vectors of a model or, for an empty id, without any; close it."""
    from semsearch.campaigns.joining.preparing import Preparing

    return Preparing(partial(open_encode, workspace, settings, model_id), policy, PROCESSES)


def open_encode(workspace: Workspace, settings: Settings, model_id: str) -> Encode | None:
    """What gives vectors to texts; None for no model. Another process can call it."""
    if not model_id:
        return None
    encoder = open_encoder(workspace, model_id, settings)
    from semsearch.towers.static import StaticEncoder

    if not isinstance(encoder, StaticEncoder):
        return encoder.encode_items
    from semsearch.towers.words import WordEncoder

    return WordEncoder(encoder)


def wanted_model(workspace: Workspace, policy: CampaignSettings) -> str:
    """The model that a namespace's settings name, or else that of the default pipeline; empty without one."""
    named = policy.model
    if named == NO_MODEL:
        return ""
    if named and not workspace.model_path(named).is_dir():
        raise MissingPart(f"Model {named} (campaigns.model) is not there.", "Next: semsearch train, or name another")
    chosen = named or workspace.state(DEFAULT_PIPELINE).model_id or ""
    return chosen if chosen and workspace.model_path(chosen).is_dir() else ""


def model_of(workspace: Workspace, namespace: str, policy: CampaignSettings, state: State) -> str:
    """The model that a namespace began with, as long as its settings name no other one."""
    cursor = state.campaigns.cursor(namespace)
    if cursor is None or policy.model:
        return wanted_model(workspace, policy)
    return _holder(workspace, cursor.encoder_id, namespace) if cursor.encoder_id else ""


def _holder(workspace: Workspace, encoder_id: str, namespace: str) -> str:
    from semsearch.towers.card import CARD, ModelCard

    for card in sorted(workspace.path("models").glob(f"*/{CARD}")):
        if ModelCard.read(card.parent).encoder_id == encoder_id:
            return card.parent.name
    raise MissingPart(
        f"The model with encoder {encoder_id}, which these campaigns were found with, is gone.",
        f"Next: semsearch campaigns reembed --namespace {namespace}",
    )


def _identity(workspace: Workspace, namespace: str, settings: Settings, model_id: str) -> Identity:
    """Of a model of ours its card knows who it is: opening it takes longer, and whoever encodes opens it anyway."""
    from semsearch.campaigns.restore import Identity
    from semsearch.towers.card import CARD, ModelCard

    policy = settings.campaigns.of(namespace)
    if not model_id:
        return Identity(namespace, policy, "", 0)
    folder = workspace.model_path(model_id)
    if (folder / CARD).is_file():
        card = ModelCard.read(folder)
        return Identity(namespace, policy, card.encoder_id, card.dim)
    encoder = open_encoder(workspace, model_id, settings)
    return Identity(namespace, policy, encoder.encoder_id, encoder.dim)

"""What looks at the journal and writes nothing: hunts and replays, also beside a scan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.wiring.scanning import model_of, open_preparing, open_state, wanted_model
from semsearch.wiring.serving import load_settings

if TYPE_CHECKING:
    from semsearch.campaigns.joining.preparing import Preparing
    from semsearch.campaigns.restore import State
    from semsearch.settings import CampaignSettings, Settings
    from semsearch.store.database import Store
    from semsearch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Looking:
    """One namespace, to be looked at."""

    workspace: Workspace
    settings: Settings
    namespace: str
    store: Store
    state: State
    policy: CampaignSettings
    """In force in the namespace."""

    def preparing(self, policy: CampaignSettings) -> Preparing:
        """What reads posts as `policy` says; close it. Raises MissingPart when its model is gone."""
        if policy.model == self.policy.model:
            model_id = model_of(self.workspace, self.namespace, policy, self.state)
        else:
            model_id = wanted_model(self.workspace, policy)
        return open_preparing(self.workspace, self.settings, policy, model_id)


@contextmanager
def open_looking(workspace: Workspace, namespace: str, *, now: datetime) -> Iterator[Looking]:
    """A namespace's journal and state. Raises UsageError for an unknown one, MissingPart before the first scan."""
    from semsearch.store.database import Store

    settings = load_settings(workspace)
    policy = settings.campaigns.of(namespace)
    with Store.existing(workspace.moderation_path, now=now) as store:
        yield Looking(workspace, settings, namespace, store, open_state(store), policy)

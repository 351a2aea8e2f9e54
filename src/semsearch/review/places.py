"""Where posts are after what people decided: the machine's campaigns, merged and split by decisions in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from semsearch.records import Decision, Member
from semsearch.store.campaigns import CampaignStore
from semsearch.store.rulings import MOVES, merges


class Places:
    """Campaigns as people see them."""

    def __init__(self, forced: Sequence[Decision]) -> None:
        self._merged = merges(forced)
        self._put: dict[tuple[str, str, int], str] = {}
        self._origins: dict[str, set[str]] = {}
        for decision in forced:
            if decision.kind in MOVES:
                self._move(decision)
        for source, target in self._merged.items():
            self._origins.setdefault(target, set()).add(source)

    def _move(self, decision: Decision) -> None:
        target = decision.detail["to"]
        for post_id, revision in decision.members:
            self._put[decision.detail["namespace"], post_id, revision] = target
        self._origins.setdefault(self.now(target), set()).update(decision.detail["from"].split())

    def now(self, campaign_id: str) -> str:
        """The campaign that one is part of now; itself when nobody merged it."""
        return self._merged.get(campaign_id, campaign_id)

    def origins(self, campaign_id: str) -> set[str]:
        """The machine's campaigns of which members may be in this one."""
        return {campaign_id} | self._origins.get(campaign_id, set())

    def of(self, namespace: str, member: Member) -> str:
        """The campaign that a member is in."""
        put = self._put.get((namespace, member.post_id, member.revision), member.campaign_id)
        return self.now(put)

    def members(self, campaigns: CampaignStore, namespace: str, campaign_id: str) -> list[Member]:
        """All that are in a campaign, in order of `seq`."""
        return self.sorted_into(campaigns, {(namespace, campaign_id)})[namespace, campaign_id]

    def sorted_into(
        self, campaigns: CampaignStore, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], list[Member]]:
        """Members by (namespace, campaign) for these, in order of `seq`, read at once."""
        found: dict[tuple[str, str], list[Member]] = {each: [] for each in wanted}
        for namespace in {space for space, _ in wanted}:
            origins = {name for space, held in wanted if space == namespace for name in self.origins(held)}
            for member in campaigns.members_of(sorted(origins)):
                held = found.get((namespace, self.of(namespace, member)))
                if held is not None:
                    held.append(member)
        return found

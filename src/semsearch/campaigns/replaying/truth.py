"""What posts really are, as far as people decided or a file says: what a replay is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.store.campaigns import CampaignStore
from semsearch.store.decisions import Decisions
from semsearch.store.rulings import in_force, standing

HONEST = ""
"""The name of what belongs to no campaign."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Campaigns by post."""

    source: str
    """In words."""
    revisions: Mapping[tuple[str, int], str]
    """(post_id, revision) to its campaign; HONEST for what people dismissed."""
    posts: Mapping[str, str]
    """post_id to its campaign, in whatever revision."""
    complete: bool
    """Whether all that is not named is honest; else it is unknown."""

    def of(self, post: Post) -> str | None:
        """The campaign of a post, HONEST, or None when nobody knows."""
        named = self.revisions.get((post.post_id, post.revision or 0))
        return named if named is not None else self.posts.get(post.post_id, HONEST if self.complete else None)

    def __bool__(self) -> bool:
        return self.complete or bool(self.revisions)


def decided(decisions: Decisions, campaigns: CampaignStore, namespace: str) -> Truth:
    """What people confirmed and dismissed in a namespace, by decisions in force: the members that they covered."""
    own = {alert.alert_id for alert in campaigns.alerts(namespace)}
    found: dict[tuple[str, int], str] = {}
    n_confirmed = n_dismissed = 0
    for alert_id, behind in standing(in_force(decisions.all())).items():
        if alert_id not in own:
            continue
        confirmed = behind[-1].kind == "confirm"
        n_confirmed, n_dismissed = n_confirmed + confirmed, n_dismissed + (not confirmed)
        found |= {pair: alert_id if confirmed else HONEST for each in behind for pair in each.members}
    return Truth(f"{n_confirmed:,} confirmed and {n_dismissed:,} dismissed alerts", found, {}, complete=False)


def truth_file(path: Path) -> Truth:
    """A CSV or Parquet file with the columns post_id and campaign_id (or campaign), empty for honest posts.

    Raises UsageError for anything else.
    """
    import polars as pl

    try:
        parquet = path.suffix == ".parquet"
        frame = pl.read_parquet(path) if parquet else pl.read_csv(path, infer_schema=False)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", "Next: name another file") from error
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{path} is no CSV in UTF-8 and no Parquet: {error}.", "Next: correct it") from error
    campaign = next((name for name in ("campaign_id", "campaign") if name in frame.columns), None)
    if campaign is None or "post_id" not in frame.columns:
        raise UsageError(
            f"{path} has the columns {', '.join(frame.columns) or 'none'}.", "Next: name them post_id and campaign_id"
        )
    rows = frame.select(pl.col("post_id", campaign).cast(pl.String).fill_null(HONEST)).rows()
    return Truth(f"the truth in {path.name}", {}, dict(rows), complete=True)

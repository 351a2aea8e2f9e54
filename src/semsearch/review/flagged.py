"""A post that is flagged, or instructs its reader, and is in no alert: a case of its own, on which a person decides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from semsearch.records import Alert, Decision, Member
from semsearch.store.flagged import FlaggedPost

KIND = "verdict"
"""Of such a case's alert, and the net of its one member."""


def case_id(post: FlaggedPost) -> str:
    """Of this text of this post: `v` and 12 hex digits."""
    told = f"{post.namespace}\0{post.post_id}\0".encode() + post.digest
    return "v" + hashlib.sha256(told).hexdigest()[:12]


def severity(post: FlaggedPost) -> str:
    """Low; medium when two profiles match, or when it tries to instruct its reader."""
    return "medium" if len(post.profile_ids) > 1 or post.instructed else "low"


def as_alert(post: FlaggedPost) -> Alert:
    """The post as an alert of one post, raised at its time."""
    recipients = 0 if post.recipient_id is None else 1
    reasons = {"text": _why(post), "profiles": list(post.profile_ids), "instructed": post.instructed}
    raised = (KIND, 1, severity(post), post.at_us, 1, 1, recipients, reasons)
    return Alert(case_id(post), "", post.namespace, *raised)


def as_member(post: FlaggedPost) -> Member:
    """The post as the one member of its case."""
    about = (post.post_id, post.revision, post.author_id, post.at_us, KIND, 1.0)
    return Member(post.seq, post.campaign_id or "", *about, recipient_id=post.recipient_id, category=post.category)


def withdrawn(decisions: Sequence[Decision], forced: Sequence[Decision]) -> set[str]:
    """Profiles that people had approved and took back: what they flagged is not on the list any more.

    One that a newer profile took the place of is none of them: its approval is in force.
    """
    held = {each.subject for each in forced if each.kind == "approve"}
    return {each.subject for each in decisions if each.kind == "approve"} - held


def _why(post: FlaggedPost) -> str:
    named = ", ".join(each or "none" for each in post.profile_ids)
    if not post.profile_ids and post.instructed:
        return "no verdict flags it, but it tries to instruct its reader"
    if not post.profile_ids:
        told = "no verdict in force flags it any more"
    elif post.profile_ids == ("",):
        told = "flagged without a profile"
    else:
        told = f"written as {'a profile says' if len(post.profile_ids) == 1 else 'profiles say'}: {named}"
    return f"{told}; it tries to instruct its reader" if post.instructed else told

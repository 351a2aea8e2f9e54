"""What a contact says of the post that carries it: whether it leads elsewhere, whether others gave it before."""

from __future__ import annotations

_SHARED = "shared "
"""Before the kind of a contact that the campaign had already, in what is told of a member."""
_OWN = ("", "phone", "business")
"""Contacts that honest people give as well, each their own."""


def shared(kind: str) -> str:
    """What is told of a member whose contact of this kind was in its campaign before."""
    return f"{_SHARED}{kind}"


def leads_elsewhere(kind: str) -> bool:
    """Whether a contact leads away from the market: a messenger, a link, a virtual number, an account.

    A phone number alone does not: posts that look alike because each ends in `call me at` its own number are many, and
    honest. Nor does no contact.
    """
    return kind not in _OWN


def telling(net: str, told: str) -> bool:
    """Whether the contact of a member, by its net and what is told of it, is a sign of a campaign.

    It is when others in the campaign have it too, and when it leads elsewhere.
    """
    return net == "contact" or leads_elsewhere(told)

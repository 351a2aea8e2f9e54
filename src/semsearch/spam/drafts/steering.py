"""Whether a profile's text would steer the model that reads it: it goes into the prompt of every post as it stands."""

from __future__ import annotations

from semsearch.errors import Refused
from semsearch.llm.guard.instructions import instructions
from semsearch.llm.guard.normalising import normalised

HIDDEN = "(signs that people do not see or read)"


def steering(text: str) -> tuple[str, ...]:
    """Passages of a profile's text that read like instructions, in small letters and plain characters; and `HIDDEN`.

    Honest sentences about style can look so too: a person says them in other words.
    """
    normal = normalised(text)
    found = dict.fromkeys(instructions(normal.text))
    return (*found, HIDDEN) if normal.hidden else tuple(found)


def check_steering(text: str, profile_id: str) -> None:
    """Raises Refused for a profile's text that reads like instructions: nobody is asked with it before it is edited."""
    if passages := steering(text):
        raise Refused(
            f"The text reads like instructions: {', '.join(map(repr, passages[:3]))}. It would go into the prompt of "
            "every post as it stands, so nothing was judged with it.",
            f"Next: semsearch spam approve {profile_id} --text FILE --by NAME, with the text without them",
        )

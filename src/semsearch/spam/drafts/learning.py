"""From a sample of posts to a draft of a profile: a large model says how the writing differs, code makes the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import Refused, UsageError
from semsearch.llm.answers import CUT, FAILED, Answer, Question
from semsearch.llm.guard.guard import without_personal
from semsearch.llm.guard.marking import unmarked
from semsearch.records import Post, Profile
from semsearch.spam.drafts.copied import copied
from semsearch.spam.drafts.steering import steering
from semsearch.spam.kept import Labelled
from semsearch.spam.shapes import SellerFeature, SellerProfile
from semsearch.store.profiles import named
from semsearch.text.views import display

if TYPE_CHECKING:
    from semsearch.llm.asking import Asker
    from semsearch.llm.prompts import Prompt
    from semsearch.spam.drafts.sampling import Sample

PROMPT = "spam-profile"
READ_CHARS = 120_000
"""Characters of all posts together, each cut to its equal share (600 of 200 posts): style shows in the first lines,
and one question costs at most so much however long posts are."""
TEXT_CHARS = 10_000
"""Characters of a profile, at most: it is sent, and paid for, with every post."""
MOST_FEATURES = 10
"""Of a draft."""
NAME = re.compile(r"[^\W_](?:[\w-]{0,38}[^\W_])?")
_PLACEHOLDER = re.compile(r"\[[A-Z]+(?:[_ ]\d+)?\]")
"""What the guard puts for what it took out."""
_TOLD = 8
"""Words that a warning lists."""
_EDIT = "Next: semsearch spam approve {} --text FILE --by NAME, with a text of your own"


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile that nobody has approved yet, and what it came from."""

    profile: Profile
    features: tuple[SellerFeature, ...]
    """Of which its text is made, the one that separates best first, as the model says."""
    answer: Answer[SellerProfile]
    """What the model said and what it cost."""


def question(sample: Sample, prompt: Prompt) -> Question[SellerProfile]:
    """What the large model is asked: all posts of the sample, each side in the order of the draw."""
    posts = sample.behind.sample
    share = READ_CHARS // max(1, len(posts))
    outside = {"ordinary": _cut(posts.ordinary, share), "sellers": _cut(posts.sellers, share)}
    return Question(prompt, SellerProfile, sample.namespace, {}, outside, {})


def learn(sample: Sample, asker: Asker, prompt: Prompt, *, name: str, now: datetime) -> Draft:
    """Ask for the features and make the draft of a profile called `name`; the same answer gives the same profile.

    The draft has no personal data, as far as they are found, at most `MOST_FEATURES` features and `TEXT_CHARS`
    characters: what the model named last goes first, with a warning. Raises UsageError for a name that is none, Refused
    when the model abstains or finds no feature that fits, and what asking raises.
    """
    check_name(name)
    answer = next(iter(asker.ask([question(sample, prompt)])))
    if answer.value is None:
        raise _abstained(answer)
    named_all = tuple(filter(None, map(_plain, answer.value.features)))
    features, text = fitting(named_all)
    if not features:
        raise Refused(
            "The model found no way in which the writing of the two sides differs.",
            "Next: look at the two files, or set another model: [llm] large in semsearch.toml",
        )
    made_from = dict(sample.made_from) | {"answer": answer.key}
    warnings = warnings_of(text, sample.behind.sample, instructed=answer.instructed)
    if n_left := len(named_all) - len(features):
        warnings += (f"Features that did not fit and were left out, the last that the model named: {n_left}.",)
    drafted = Profile("", name, sample.namespace, text, now, answer.model, answer.prompt_hash, made_from, warnings)
    return Draft(named(drafted), features, answer)


def edited(profile: Profile, text: str, *, by: str, now: datetime, sample: Labelled | None = None) -> Profile:
    """A profile with a person's text in the place of `profile`'s, whose origin and sample it names.

    Placeholders stand for personal data in it, and a warning tells of them. `sample` are the posts behind `profile`,
    for warnings about words that came from single ones. Raises UsageError for a blank text, one that is too long or no
    UTF-8, and one that changes nothing.
    """
    _check_text(text.strip(), profile)
    new, _ = without_personal(text.strip())
    if not by.strip():
        missing = "A text needs the name of the person who wrote it (or SEMSEARCH_REVIEWER)."
        raise UsageError(missing, f"Next: semsearch spam approve {profile.profile_id} --text FILE --by NAME")
    made_from = dict(profile.made_from) | {"edited_from": profile.profile_id, "by": by.strip()}
    warnings = warnings_of(new, sample or Labelled((), ()))
    told = replace(profile, text=new, made_at=now, model="", prompt_hash="", made_from=made_from, warnings=warnings)
    return named(told)


def text_of(features: Iterable[SellerFeature]) -> str:
    """The text of a profile: numbered features, what either side does under each."""
    return "\n".join(
        f"{number}. {each.title}\n   Professional sellers: {each.sellers}\n   Ordinary people: {each.ordinary}"
        for number, each in enumerate(features, start=1)
    )


def warnings_of(text: str, sample: Labelled, *, instructed: bool = False) -> tuple[str, ...]:
    """What a person has to know of a profile's text before approving it."""
    held = [post.text for post, _ in sample.pairs]
    found = {
        "It reads like instructions, and cannot be approved before a person has edited it": steering(text),
        "Words that stand in one or two posts of the sample alone": copied(text, held),
        "Placeholders in the place of personal data": tuple(dict.fromkeys(_PLACEHOLDER.findall(text))),
    }
    told = [f"{what}: {_listed(words)}." for what, words in found.items() if words]
    return (*told, *(("A post of the sample tries to instruct its reader.",) if instructed else ()))


def check_name(name: str) -> None:
    """Raises UsageError for what is no name of a profile: letters, digits, - and _, at most 40."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"'{name[:60]}' is no name of a profile: letters and digits, - and _ between them, at most 40.",
            "Next: semsearch spam learn --name sellers",
        )


def longest() -> tuple[SellerFeature, ...]:
    """Features of which a text is made that is as long as one can be, also in bytes: Korean takes three a character."""
    share = "가" * (TEXT_CHARS // MOST_FEATURES)
    return tuple(SellerFeature(title=str(number), sellers=share, ordinary="가") for number in range(MOST_FEATURES))


def fitting(features: Sequence[SellerFeature]) -> tuple[tuple[SellerFeature, ...], str]:
    """As many of the first ones as a profile takes, and its text without personal data; none when none fits."""
    for size in range(min(MOST_FEATURES, len(features)), 0, -1):
        text, _ = without_personal(text_of(features[:size]))
        if len(text) <= TEXT_CHARS:
            return tuple(features[:size]), text
    return (), ""


def _cut(posts: Sequence[Post], share: int) -> list[str]:
    return [post.text[:share] for post in posts]


def _plain(feature: SellerFeature) -> SellerFeature | None:
    """Each part on one line; None for a feature that leaves one out."""
    parts = [display(unmarked(part)) for part in (feature.title, feature.sellers, feature.ordinary)]
    return SellerFeature(title=parts[0], sellers=parts[1], ordinary=parts[2]) if all(parts) else None


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _TOLD} more" if len(words) > _TOLD else ""
    return ", ".join(f"'{word}'" for word in words[:_TOLD]) + more


def _check_text(text: str, profile: Profile) -> None:
    again = _EDIT.format(profile.profile_id)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("The text is no UTF-8.", again) from error
    if not display(text):
        raise UsageError("The text is empty.", again)
    if len(text) > TEXT_CHARS:
        raise UsageError(
            f"The text has {len(text):,} characters; a profile is sent with every post and has at most {TEXT_CHARS:,}.",
            again,
        )
    if text == profile.text:
        raise UsageError(
            f"That is the text of {profile.profile_id}: nothing was changed.",
            f"Next: semsearch spam approve {profile.profile_id} --by NAME",
        )


def _abstained(answer: Answer[SellerProfile]) -> Refused:
    steps = {
        CUT: f"Next: raise max_tokens in prompts/{PROMPT}.md of the workspace, then run the command again",
        FAILED: "Next: run the command again; for a server that takes no JSON schema, such as an older llama.cpp, set "
        "SEMSEARCH_LLM__STRUCTURED=json_object",
    }
    told = f": {answer.detail}" if answer.detail else ""
    other = "Next: set another model, [llm] large in semsearch.toml, then run the command again"
    return Refused(f"{answer.model} wrote no profile ({answer.cause}{told}).", steps.get(answer.cause, other))

"""Posts to verdicts: each post is asked about once for every approved profile of its namespace.

A verdict ranks a post for people and decides nothing. A post is spam when any profile says so, none when all say no,
and unknown when none says yes and one abstains.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from semsearch.errors import SemsearchError, UsageError
from semsearch.llm.answers import Answer, Question
from semsearch.llm.prompts import Prompt
from semsearch.records import Post, Profile, Verdict
from semsearch.spam.drafts.sampling import blank
from semsearch.spam.shapes import SpamVerdict
from semsearch.spam.verdicts.reading import read, unasked

PROMPT = "spam-verdict"
EMPTY = "empty"
"""Why nothing was asked: there is no text."""
NO_PROFILE = "no profile"
"""Why nothing was asked: no profile of the post's namespace is approved."""
BATCH = 20
"""Posts whose verdicts are kept at once."""
Keep = Callable[[Sequence[Verdict]], None]
"""Keeps verdicts, all or none, as `store.verdicts.Verdicts.keep` does."""


class Asks(Protocol):
    """Where questions go, as to `llm.asking.Asker`."""

    def ask(self, questions: Iterable[Question[SpamVerdict]], /) -> Iterator[Answer[SpamVerdict]]:
        """As many answers, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """One post and what came of it."""

    post: Post
    verdicts: tuple[Verdict, ...] = ()
    """One a profile; none when there is no profile of its namespace."""
    matched: tuple[str, ...] = ()
    """Names of the profiles that it matches."""
    n_invented: int = 0
    """Quotes that do not stand in the post; they were left out."""
    cut: bool = False
    """Whether only the beginning of the post was judged."""

    @property
    def is_spam(self) -> bool | None:
        """Null: an abstention."""
        said = [each.is_spam for each in self.verdicts]
        if True in said:
            return True
        return None if None in said or not said else False

    @property
    def telling(self) -> Verdict | None:
        """The verdict that made it so: the first that matched, else the first abstention, else the first."""
        return next((each for each in self.verdicts if each.is_spam is self.is_spam), None)

    @property
    def reason(self) -> str:
        """In the model's words; of an abstention what is known of its cause."""
        return self.telling.reason if self.telling else ""

    @property
    def quotes(self) -> tuple[str, ...]:
        """Words of the post that mattered to those who say the same, each once."""
        same = (each.quotes for each in self.verdicts if each.is_spam is self.is_spam)
        return tuple(dict.fromkeys(quote for quotes in same for quote in quotes))

    @property
    def cause(self) -> str:
        """Of an abstention; empty for an answer."""
        return self.telling.cause if self.telling else NO_PROFILE

    @property
    def instructed(self) -> bool:
        """Whether the post tries to instruct its reader."""
        return any(each.instructed for each in self.verdicts)


def detect(
    posts: Iterable[Post],
    profiles: Sequence[Profile],
    prompt: Prompt,
    asker: Asks,
    *,
    max_chars: int,
    clock: Callable[[], datetime],
    keep: Keep | None = None,
    without_profile: bool = False,
) -> Iterator[Judged]:
    """Judge posts with the approved profiles, in their order; posts are pulled as there is room to ask.

    `keep` is given the verdicts of some posts before these are handed on, and of all that are done when asking stops
    (BudgetReached, MissingService): the error comes after them. A text that was asked before costs nothing, so that a
    run that was killed is simply started again. `max_chars` is how much of a text is sent. `without_profile` asks the
    same prompt without one, as a comparison.
    Raises UsageError when there is no profile.
    """
    chosen = _for_namespace(profiles, without_profile=without_profile)
    judged = _judged(posts, chosen, prompt, asker, max_chars=max_chars, clock=clock)
    return judged if keep is None else _kept(judged, keep)


def questions(
    posts: Iterable[Post], profiles: Sequence[Profile], prompt: Prompt, *, without_profile: bool = False
) -> Iterator[Question[SpamVerdict]]:
    """What `detect` would ask, to be priced. Raises UsageError when there is no profile."""
    chosen = _for_namespace(profiles, without_profile=without_profile)
    return (question for post in posts for question in _Waiting.of(post, chosen).questions(prompt))


_NOBODY = Profile("", "", "", "", datetime.min)
"""Stands for no profile."""
_Chosen = Callable[[str], tuple[Profile, ...]]


def _for_namespace(profiles: Sequence[Profile], *, without_profile: bool) -> _Chosen:
    """Profiles by namespace: they are never mixed."""
    if without_profile:
        return lambda _: (_NOBODY,)
    if not profiles:
        raise UsageError(
            "No profile is approved.",
            "Next: semsearch spam learn --normal FILE --sellers FILE, then semsearch spam approve PROFILE_ID --by NAME",
        )
    return lambda namespace: tuple(each for each in profiles if each.namespace == namespace)


@dataclass(slots=True)
class _Waiting:
    """A post whose answers are not all there."""

    post: Post
    profiles: tuple[Profile, ...]
    blank: bool
    answers: list[Answer[SpamVerdict]] = field(default_factory=list)

    @classmethod
    def of(cls, post: Post, chosen: _Chosen) -> _Waiting:
        return cls(post, chosen(post.namespace), blank(post.text))

    @property
    def done(self) -> bool:
        return self.blank or len(self.answers) == len(self.profiles)

    def questions(self, prompt: Prompt) -> Iterator[Question[SpamVerdict]]:
        if not self.blank:
            for profile in self.profiles:
                own, outside = {"namespace": self.post.namespace}, {"post": self.post.text}
                approved = {"profile": profile.text}
                yield Question(prompt, SpamVerdict, self.post.namespace, own, outside, approved)

    def judged(self, prompt: Prompt, max_chars: int, at: datetime) -> Judged:
        if self.blank:
            asked = (each.profile_id for each in self.profiles)
            return Judged(self.post, tuple(unasked(self.post, each, prompt.prompt_hash, EMPTY, at) for each in asked))
        answered = [(profile.profile_id, answer) for profile, answer in zip(self.profiles, self.answers, strict=True)]
        verdicts, n_invented = read(self.post, answered, max_chars=max_chars, at=at)
        named = zip(self.profiles, verdicts, strict=True)
        matched = tuple(profile.name for profile, verdict in named if verdict.is_spam and profile is not _NOBODY)
        return Judged(self.post, verdicts, matched, n_invented, any(answer.cut for answer in self.answers))


def _judged(
    posts: Iterable[Post],
    chosen: _Chosen,
    prompt: Prompt,
    asker: Asks,
    *,
    max_chars: int,
    clock: Callable[[], datetime],
) -> Iterator[Judged]:
    waiting: deque[_Waiting] = deque()

    def asked() -> Iterator[Question[SpamVerdict]]:
        for post in posts:
            waiting.append(_Waiting.of(post, chosen))
            yield from waiting[-1].questions(prompt)

    def ready() -> Iterator[Judged]:
        while waiting and waiting[0].done:
            yield waiting.popleft().judged(prompt, max_chars, clock())

    for answer in asker.ask(asked()):
        yield from ready()
        waiting[0].answers.append(answer)
        yield from ready()
    yield from ready()


def _kept(judged: Iterator[Judged], keep: Keep) -> Iterator[Judged]:
    """Nothing is handed on that is not kept; an error comes after all that was done before it."""
    batch: list[Judged] = []
    stopped: SemsearchError | None = None
    try:
        for each in judged:
            batch.append(each)
            if len(batch) == BATCH:
                _keep(batch, keep)
                done, batch = batch, []
                yield from done
    except SemsearchError as error:
        stopped = error
    finally:
        _keep(batch, keep)
    yield from batch
    if stopped:
        raise stopped


def _keep(batch: Sequence[Judged], keep: Keep) -> None:
    if verdicts := [verdict for each in batch for verdict in each.verdicts]:
        keep(verdicts)

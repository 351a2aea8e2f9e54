"""What one campaign says: its own cut of a subject, and how its family changes that from post to post."""

from __future__ import annotations

from dataclasses import dataclass

from semsearch.simulate.abuse.dice import Dice
from semsearch.simulate.abuse.disguise import CONTACT_MARK, MIXED
from semsearch.simulate.abuse.grammar import Phrase, Subject
from semsearch.simulate.abuse.people import People
from semsearch.simulate.listing import say_price

PHASES = 3
"""How often the script of a drifting campaign changes."""
_MANY_WORDS = ("wording", MIXED)


@dataclass(frozen=True, slots=True)
class Script:
    """The sentences of one campaign."""

    subject: Subject
    items: tuple[str, ...]
    titles: tuple[Phrase, ...]
    lines: tuple[tuple[Phrase, ...], ...]
    """Each place in the text with the wordings used there; one list for each phase in a drift."""
    later: tuple[tuple[tuple[Phrase, ...], ...], ...]
    """The lines of phase 1, 2 and so on of a drift."""
    contact: tuple[Phrase, ...]
    price_style: float
    """In [0, 1): how prices are spelt, see listing.say_price."""


def script(subject: Subject, family: str, dice: Dice, *, short: bool) -> Script:
    """A campaign's own script; `short` ones are chat messages of two or three sentences."""
    wordings, options = (3, 4) if family in _MANY_WORDS else (1, dice.of((1, 1, 2)))
    n_lines = dice.between(2, 3) if short else dice.between(4, min(6, len(subject.lines)))
    lines = tuple(_line(kind, dice, wordings, options) for kind in dice.some(subject.lines, n_lines))
    later: list[tuple[tuple[Phrase, ...], ...]] = []
    if family == "drift":
        for _ in range(PHASES - 1):
            before = list(later[-1] if later else lines)
            for place in dice.some(range(len(before)), max(1, len(before) // 2)):
                before[place] = _line(dice.of(subject.lines), dice, wordings, options)
            later.append(tuple(before))
    return Script(
        subject,
        tuple(dice.some(subject.items, dice.of((1, 1, 2, 4)))),
        _line(subject.titles, dice, wordings, options),
        lines,
        tuple(later),
        _line(subject.contact, dice, wordings, options),
        dice.roll(),
    )


def _line(kind: tuple[Phrase, ...], dice: Dice, wordings: int, options: int) -> tuple[Phrase, ...]:
    return tuple(phrase.narrowed(dice, options) for phrase in dice.some(kind, wordings))


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes a campaign's posts before they are disguised."""

    script: Script
    family: str
    people: People
    short: bool

    def write(self, dice: Dice, done: float, *, contact: bool) -> str:
        """The text of one post; `done` is the share of the campaign that is posted, in [0, 1).

        The contact, if any, is CONTACT_MARK.
        """
        made, slots = self.script, self._slots(dice)
        phase = int(done * PHASES)
        lines = made.later[phase - 1] if phase and made.later else made.lines
        said = [dice.of(wordings).say(dice, slots) for wordings in lines]
        if self.family in ("order", MIXED):
            said = dice.shuffled(said)
        if contact:
            at = len(said) if dice.chance(0.7) else dice.below(len(said) + 1)
            said.insert(at, dice.of(made.contact).say(dice, slots))
        for _ in range(self._n_fillers(dice)):
            said.insert(dice.below(len(said) + 1), dice.of(self.people.sentences(slots, dice.below(1000))))
        if not self.short:
            said.insert(0, dice.of(made.titles).say(dice, slots))
        glue = dice.of(("\n", "\n", " ")) if self.family in _MANY_WORDS else "\n"
        return glue.join(said)

    def _n_fillers(self, dice: Dice) -> int:
        if self.family == "filler":
            return dice.between(1, 4)
        return dice.below(2) if self.family == MIXED else 0

    def _slots(self, dice: Dice) -> dict[str, str]:
        people, subject = self.people, self.script.subject
        unit = 10_000.0 if people.lang == "ko" else 1.0
        price = round(subject.price[0] + dice.roll() * (subject.price[1] - subject.price[0])) * unit
        item = dice.of(self.script.items)
        slots = people.slots(item, price, dice.of(people.places))
        if self.family not in _MANY_WORDS:
            slots["price"] = say_price(price, people.lang, self.script.price_style)
            slots["retail"] = say_price(2 * price, people.lang, self.script.price_style)
        slots["item"] = item
        slots["contact"] = CONTACT_MARK
        return slots

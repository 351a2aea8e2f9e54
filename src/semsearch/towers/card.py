"""`semsearch.json` in a model folder: what the model is, and what its vectors depend on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from semsearch.errors import MismatchError, MissingPart, SemsearchError, UsageError
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.schema.tokens import Features
from semsearch.towers.template import ItemTemplate

CARD = "semsearch.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything worth knowing of one trained model."""

    model_id: str
    """Name of its folder."""
    encoder_id: str
    """Hash of weights, tokenizer, template, views, pooling, normalisation and dim."""
    family: str
    """static or transformer."""
    dim: int
    template: ItemTemplate | Features
    """How both sides become texts; an ItemTemplate where the query side is typed text and there are no tokens."""
    views_version: str
    trained_on: str
    """Digest of the item texts that it learned from; '' for a model made elsewhere."""
    settings: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    """n_items, n_pairs, n_steps, ended_by (steps or seconds), train_s, loss_first, loss_last, …"""
    versions: dict[str, str] = field(default_factory=dict)
    """Packages that made it."""
    created_at: str = ""
    """UTC, ISO 8601."""

    @property
    def features(self) -> Features:
        """The texts of both sides, also of a model from before there were schemas."""
        return self.template if isinstance(self.template, Features) else Features.plain(self.template)

    def write(self, folder: Path) -> None:
        """Put the card into the model folder."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        value = {"format": FORMAT, **held, "template": self.template.as_dict()}
        (folder / CARD).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> ModelCard:
        """The card of a model folder.

        Raises MissingPart without one, UsageError for a damaged one, MismatchError for a text view or a
        format that this version does not make.
        """
        path = folder / CARD
        if not path.is_file():
            raise MissingPart(f"{folder} holds no model of ours ({CARD} is missing).", "Next: semsearch train")
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            template = _template(raw["template"])
            known = {f.name: raw[f.name] for f in fields(cls) if f.name in raw}
            card = cls(**known | {"template": template})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path} cannot be read: {error}", "Next: semsearch train") from error
        if raw.get("format") != FORMAT or card.views_version != VIEWS_VERSION:
            raise MismatchError(
                f"The model in {folder} is for text view {card.views_version}; this semsearch has {VIEWS_VERSION}.",
                "Next: semsearch train",
            )
        return card


def _template(value: dict[str, Any]) -> ItemTemplate | Features:
    features = Features.from_dict(value)
    return features.listing if features.is_plain else features


def opened_id(folder: Path) -> str:
    """The encoder id of a model folder as it is now; one made elsewhere, without a card, has the plain template.

    Hashing takes 1 ms a megabyte at most: 6 to 17 ms for the static towers of a market of 14,000 items.
    Raises MismatchError when the card was written for other files, and what `ModelCard.read` raises.
    """
    if not (folder / CARD).is_file():
        return encoder_id(folder, ItemTemplate(), VIEWS_VERSION)
    card = ModelCard.read(folder)
    found = encoder_id(folder, card.template, card.views_version)
    if found != card.encoder_id:
        raise MismatchError(f"The model in {folder} is damaged: its files have changed.", "Next: semsearch train")
    return found


def is_whole(folder: Path) -> bool:
    """Whether `folder` holds a model of ours whose files are as they were saved."""
    try:
        return (folder / CARD).is_file() and bool(opened_id(folder))
    except SemsearchError:
        return False


def encoder_id(folder: Path, template: ItemTemplate | Features, views_version: str) -> str:
    """Identity of the vectors of a sentence-transformers folder (DESIGN 4.1), 16 hex digits.

    Every file that decides a vector counts: weights, tokenizers, module list, pooling and normalisation. The card, the
    README and the versions of the libraries that saved it do not.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in (CARD, "README.md")):
        content = path.read_bytes()
        if path.name == "config_sentence_transformers.json":
            config = {k: v for k, v in json.loads(content).items() if k != "__version__"}
            content = json.dumps(config, sort_keys=True).encode()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    frozen = {"template": template.as_dict(), "views": views_version}
    digest.update(json.dumps(frozen, sort_keys=True).encode())
    return digest.hexdigest()[:16]

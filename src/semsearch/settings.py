"""All settings, with one precedence: flag > environment `SEMSEARCH_*` > `semsearch.toml` > default.

A nested setting is named with two underscores in the environment: `SEMSEARCH_SEARCH__K=20`.
The table in docs/reference.md is made from these classes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from semsearch.errors import UsageError
from semsearch.records import NAMESPACES, SEVERITIES

_VARIABLE = "^[A-Z][A-Z0-9_]*$"
"""Names of environment variables; no token and no address looks so."""
_ENVIRONMENT = "Next: one variable a setting, such as SEMSEARCH_SEARCH__K=20 (docs/reference.md lists them)"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImportSettings(_Section):
    """How files become rows."""

    tz: str = Field("UTC", description="Time zone of times that name none, such as Asia/Seoul")
    max_rejects: float = Field(0.01, ge=0, le=1, description="Share of bad rows above which an import is refused")
    items: dict[str, Any] = Field(default_factory=dict, description="Column mapping for items: field = source")
    interactions: dict[str, Any] = Field(default_factory=dict, description="Column mapping for interactions")
    regions: dict[str, Any] = Field(default_factory=dict, description="Column mapping for regions")
    reports: dict[str, Any] = Field(default_factory=dict, description="Column mapping for reports and sanctions")
    posts: dict[str, Any] = Field(default_factory=dict, description="Column mapping for posts that are scanned")


class TrainSettings(_Section):
    """How towers are trained."""

    family: Literal["static", "transformer"] = Field("static", description="Kind of towers")
    base: str = Field("", description="Model id or folder that the towers start from; empty starts from the corpus")
    teacher: str = Field("", description="Model id or folder whose vectors static towers learn to copy first")
    dim: int = Field(256, ge=8, le=4096, description="Length of a vector (static towers)")
    seconds: float = Field(600.0, gt=0, description="Each part of the training stops after this many seconds at last")
    seed: int = Field(0, ge=0, description="Seed of every random choice")
    positives: Literal["chats", "clicks", "both", "none"] = Field(
        "chats", description="What of the log counts as wanted: chats and purchases, clicks and favorites, or both"
    )
    epochs: int = Field(6, ge=1, description="Passes over the log's pairs, at most")
    patience: int = Field(3, ge=1, description="Passes without a gain in whole-pool recall after which training ends")
    balance: float = Field(0.5, ge=0, le=1, description="A pair of a query with n pairs weighs n^-balance as much")
    half_life_days: float = Field(0.0, ge=0, description="A pair this much older weighs half as much; 0: as much")
    batch: int = Field(1024, ge=2, description="Pairs a step (static towers)")
    learning_rate: float = Field(0.0, ge=0, description="Of Adam; 0 takes that of the family")
    temperature: float = Field(0.1, gt=0, description="What cosines are divided by when the log is learned")
    uniform: float = Field(1.0, ge=0, description="Random items of the whole alive pool a pair, as negatives")
    impressed: int = Field(0, ge=0, description="Negatives a pair that were shown for its query and not engaged")
    mined: int = Field(0, ge=0, description="Negatives a pair that the current release ranks high")
    impressed_select: Literal["random", "hardest", "all"] = Field("random", description="Which of the shown are taken")
    mined_select: Literal["random", "hardest", "all"] = Field("random", description="Which of the mined are taken")
    margin: float = Field(0.05, ge=0, lt=1, description="A mined negative scores this share below its positive")
    log_q: bool = Field(True, description="Subtract the log of the probability that an item is drawn as negative")
    correct_positive: bool = Field(True, description="Also for the positive itself")
    matryoshka: tuple[int, ...] = Field((), description="Shorter lengths that are trained beside the whole vector")
    replay: float = Field(0.5, ge=0, description="Old pairs a new one, with --continue")
    checkpoint_s: float = Field(60.0, ge=0, description="Seconds of training between two checkpoints, at least")


class LogSettings(_Section):
    """How the log is read."""

    window_s: float = Field(86_400.0, gt=0, description="A chat belongs to the last click on its item within this time")
    chat: float = Field(1.0, ge=0, description="Weight of a chat")
    purchase: float = Field(1.0, ge=0, description="Weight of a purchase")
    favorite: float = Field(0.5, ge=0, description="Weight of a favorite")
    click: float = Field(0.1, ge=0, description="Weight of a click")
    validation: float = Field(0.1, gt=0, lt=0.5, description="Share of the positives, in time, for early stopping")
    test: float = Field(0.1, gt=0, lt=0.5, description="Share at the end of the log for the last stage and the gate")
    head: float = Field(0.5, gt=0, lt=1, description="The head are the most asked queries up to this share of searches")
    torso: float = Field(0.8, gt=0, lt=1, description="The torso are the next ones up to this share; the tail the rest")

    @field_validator("torso")
    @classmethod
    def _after_head(cls, torso: float, info: ValidationInfo) -> float:
        if torso <= info.data.get("head", 0.0):
            raise ValueError("the torso should end above log.head")
        return torso


class GateSettings(_Section):
    """What a candidate must show before it is published."""

    metric: str = Field("ndcg@10", description="What is compared")
    allowed_loss: float = Field(0.005, ge=0, lt=1, description="Relative loss that any other cohort may risk")


class IndexSettings(_Section):
    """How a release is built."""

    dense: Literal["auto", "exact", "hnsw"] = Field("auto", description="auto is exact up to 50,000 vectors")
    encoder: Literal["", "openai"] = Field("", description="Empty: the trained model; openai: that of [llm]")
    threads: int = Field(1, ge=1, description="Threads of an hnsw build; above 1 the graph is not reproducible")


class SearchSettings(_Section):
    """How a query is answered."""

    k: int = Field(10, ge=1, description="Hits that a search returns")
    mode: Literal["hybrid", "dense", "lexical"] = Field("hybrid", description="Which legs answer")
    fusion: Literal["rrf", "score"] = Field("score", description="How the legs are joined")
    depth: int = Field(200, ge=1, description="Hits that each leg brings to the fusion")


class PriceSettings(_Section):
    """What a model costs."""

    input: float = Field(ge=0, description="US dollars a million input tokens")
    output: float = Field(ge=0, description="US dollars a million output tokens")


_PRICES = {
    "gpt-4.1": PriceSettings(input=2.0, output=8.0),
    "gpt-4.1-mini": PriceSettings(input=0.4, output=1.6),
    "gpt-4.1-nano": PriceSettings(input=0.1, output=0.4),
}
"""OpenAI's list prices as they were published in 2025; another price belongs into semsearch.toml."""


class LlmSettings(_Section):
    """Where the language models live, what they cost, and who may be told what."""

    base_url: str = Field("", description="OpenAI-compatible endpoint; empty is the client's default")
    large: str = Field("gpt-4.1", description="Model of prompts that are asked seldom, such as writing a profile")
    small: str = Field("gpt-4.1-mini", description="Model of prompts that are asked for each post or pair")
    embedding_model: str = Field("text-embedding-3-small", description="Name of the embeddings model")
    embedding_dim: int = Field(0, ge=0, description="Asked vector length; 0 leaves it to the model")
    structured: Literal["json_schema", "json_object", "json_object_schema", "none"] = Field(
        "json_schema",
        description="How answers are asked to be JSON: as the endpoint takes it (llama.cpp: json_object_schema). "
        "Every answer is checked, whatever it is",
    )
    concurrency: int = Field(32, ge=1, le=1024, description="Calls at once")
    timeout_s: float = Field(60.0, gt=0, description="Seconds that one attempt may take")
    retries: int = Field(4, ge=0, description="Further attempts after one that failed")
    max_chars: int = Field(4_000, ge=100, description="Characters of one outside text that are sent")
    max_usd: float = Field(0.0, ge=0, description="What one command may cost at most, in US dollars; 0: no cap")
    allow: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Hosts that texts of a namespace may be sent to; also local and any. Default: any, for chat local",
    )
    prices: dict[str, PriceSettings] = Field(
        default_factory=dict,
        description="By model; gpt-4.1, -mini and -nano are known; any other at a local endpoint costs nothing",
    )

    def allowed(self, namespace: str) -> tuple[str, ...]:
        """Hosts that may be sent texts of a namespace; `local` and `any` stand for themselves."""
        return self.allow.get(namespace, ("local",) if namespace == "chat" else self.allow.get("default", ("any",)))

    def price(self, model: str) -> PriceSettings | None:
        """What a model costs; None for one that nobody has named a price of."""
        return self.prices.get(model, _PRICES.get(model))


class CampaignSettings(_Section):
    """How look-alike content is joined, and when its growth is an alert."""

    model: str = Field(
        "", description="Model whose item tower compares posts; empty: the default pipeline's; none: off"
    )
    window_days: float = Field(30.0, gt=0, description="Older leaders are forgotten unless their campaign lives")
    window_posts: int = Field(1_000_000, ge=1000, description="Posts that are remembered for comparison, at most")
    max_chars: int = Field(10_000, ge=100, description="Characters of a post that are read")
    min_letters: int = Field(
        8, ge=1, description="Texts of fewer different letters (of the skeleton) join by contacts alone"
    )
    shingles: float = Field(0.45, gt=0, le=1, description="Jaccard similarity of character shingles that joins")
    shingles_wary: float = Field(
        0.15, gt=0, le=1, description="The same for two posts with signs of evasion; less, the more disguised both are"
    )
    embedding: float = Field(0.92, gt=0, le=1, description="Cosine that joins")
    support: float = Field(0.2, ge=0, le=1, description="Shingles that a join by cosine shares at least")
    burst_hours: tuple[float, ...] = Field((1.0, 24.0), description="Lengths of the windows in which a burst shows")
    drip_days: float = Field(14.0, gt=0, description="Length of the window in which a slow campaign shows")
    floor: float = Field(4.0, gt=0, description="Authors' worth of posts that an alert takes, with signs of evasion")
    floor_plain: float = Field(300.0, gt=0, description="The same without such signs: popular things look alike too")
    floor_author: int = Field(30, ge=2, description="Posts of one author that an alert takes")
    floor_recipients: int = Field(10, ge=2, description="Recipients of one author; also posts, when they are disguised")
    chance: float = Field(1e-6, gt=0, le=1, description="Burst: rarer than this if honest and steady; 1: floors decide")
    allow_seller_types: tuple[str, ...] = Field((), description="Seller types whose posts do not count as growth")
    namespaces: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Other values for one namespace")

    def of(self, namespace: str) -> CampaignSettings:
        """The settings of one namespace; raises UsageError for one that nobody knows."""
        known = (*NAMESPACES, *(name for name in self.namespaces if name not in NAMESPACES))
        if namespace not in known:
            raise UsageError(
                f"There is no namespace '{namespace}': there are {', '.join(known)}.",
                f"Next: choose one of these, or add [campaigns.namespaces.{namespace}] to semsearch.toml",
            )
        named = f"campaigns.namespaces.{namespace}"
        return self.changed(self.namespaces.get(namespace, {}), f"Setting {named}.", "it in semsearch.toml")

    def changed(self, given: Mapping[str, Any], named: str, where: str) -> CampaignSettings:
        """A copy for one namespace in which what is `given` replaces the own values; raises UsageError."""
        try:
            return CampaignSettings(**(self.model_dump() | dict(given) | {"namespaces": {}}))
        except ValidationError as error:
            setting = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise UsageError(f"{named}{setting}: {_wrong(error)}.", f"Next: correct {where}") from error


class SpamSettings(_Section):
    """How the writing of professional sellers is learned, and when it has to be learned anew."""

    sample: int = Field(100, ge=4, le=500, description="Posts of each side that a profile is written from, at most")
    least: int = Field(20, ge=2, description="Posts of each side that it takes at least")
    drift: float = Field(0.2, gt=0, lt=1, description="Share of verdicts that reviewers reject which is drift")
    drift_decided: int = Field(20, ge=5, description="Decided verdicts from which drift is looked at")


class LongtailSettings(_Section):
    """Which queries the model does not understand, and how they are taught."""

    k: int = Field(20, ge=1, le=100, description="Dense hits of a query that are compared with it")
    bands: tuple[Literal["head", "torso", "tail"], ...] = Field(
        ("torso", "tail"), description="Bands whose queries are scanned"
    )
    bound: float = Field(0.3, gt=0, lt=1, description="Chance of failure from which a query gets extra training")
    min_actors: int = Field(2, ge=1, description="Different actors who must have clicked before a query teaches")
    replay: float = Field(16.0, ge=0, description="Old pairs a new one in extra training")
    epochs: int = Field(1, ge=1, description="Passes of extra training")


class RelevanceSettings(_Section):
    """How pairs of a query and an item are graded."""

    depth: int = Field(10, ge=1, description="Hits of each run that go into a pool")
    examples: int = Field(4, ge=0, le=20, description="Labelled pairs that are shown to the model with each question")
    overlap: float = Field(0.2, ge=0, le=1, description="Share of a batch's pairs that a second annotator gets too")
    golden: float = Field(0.05, ge=0, lt=1, description="Share of a session's pairs whose answer is known")
    show_machine: bool = Field(False, description="Show the machine's opinion first; recorded with each label")


class NotifySettings(_Section):
    """Where alerts are told. Token and webhook are secrets: the file names the variables that hold them."""

    sinks: tuple[Literal["slack", "webhook", "jsonl"], ...] = Field(
        (), description="Who is told: slack (a bot, whose messages follow the campaign), webhook (of Slack), jsonl"
    )
    min_severity: Literal["low", "medium", "high"] = Field("low", description="Alerts below it are told nobody")
    channels: dict[str, str] = Field(
        default_factory=dict,
        description='Channel id or name by "namespace.severity", "namespace" or "default", the first that is there',
    )
    token_env: str = Field(
        "SLACK_BOT_TOKEN", pattern=_VARIABLE, description="Name of the variable that holds the bot token, not the token"
    )
    webhook_env: str = Field(
        "SLACK_WEBHOOK_URL", pattern=_VARIABLE, description="Name of the variable that holds the webhook's address"
    )
    slack_url: str = Field("", description="Where Slack's Web API is; empty: slack.com; GovSlack has another")
    jsonl_path: str = Field("alerts.jsonl", min_length=1, description="File of the jsonl sink, from the workspace")

    @field_validator("channels")
    @classmethod
    def _known_severities(cls, channels: dict[str, str]) -> dict[str, str]:
        """Refuse a key that no alert can have: its channel would stay silent."""
        for key in channels:
            _, dot, severity = key.partition(".")
            if dot and severity not in SEVERITIES:
                raise ValueError(f"'{key}' should be default, a namespace, or namespace.{'|'.join(SEVERITIES)}")
        return channels

    def channel(self, namespace: str, severity: str) -> str:
        """Where alerts of this kind go; '' when no channel is named for them."""
        keys = (f"{namespace}.{severity}", namespace, "default")
        return next((self.channels[key] for key in keys if key in self.channels), "")


class Settings(BaseSettings):
    """The settings of one workspace. Immutable; a flag makes a changed copy with `override`."""

    model_config = SettingsConfigDict(
        env_prefix="SEMSEARCH_",
        env_prefix_target="all",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    imports: ImportSettings = Field(default_factory=ImportSettings, alias="import")
    train: TrainSettings = Field(default_factory=TrainSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    gate: GateSettings = Field(default_factory=GateSettings)
    index: IndexSettings = Field(default_factory=IndexSettings)
    search: SearchSettings = Field(default_factory=SearchSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    campaigns: CampaignSettings = Field(default_factory=CampaignSettings)
    longtail: LongtailSettings = Field(default_factory=LongtailSettings)
    spam: SpamSettings = Field(default_factory=SpamSettings)
    relevance: RelevanceSettings = Field(default_factory=RelevanceSettings)
    notify: NotifySettings = Field(default_factory=NotifySettings)

    @classmethod
    def load(cls, root: Path) -> Settings:
        """Settings for the workspace at `root`; raises UsageError naming the setting that is wrong."""
        path = root / "semsearch.toml"

        class _WithFile(cls):  # type: ignore[valid-type,misc]
            @classmethod
            def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                toml = TomlConfigSettingsSource(settings_cls, path) if path.is_file() else None
                return tuple(s for s in (sources["init_settings"], sources["env_settings"], toml) if s)

        try:
            loaded: Settings = _WithFile()
        except ValidationError as error:
            section, *rest = (str(part) for part in error.errors()[0]["loc"])
            field = cls.model_fields.get(section)
            names = [field.alias or section if field else section, *rest]
            raise UsageError(
                f"Setting {'.'.join(names)}: {_wrong(error)}.", f"Next: correct {_place(names, path)}"
            ) from error
        except SettingsError as error:
            raise UsageError(f"A variable SEMSEARCH_… cannot be read: {error}.", _ENVIRONMENT) from error
        except ValueError as error:
            raise UsageError(f"{path} is not TOML: {error}", "Next: correct that line") from error
        return cls.model_construct(**dict(loaded))  # of a class that can be sent to another process

    def override(self, section: str, **flags: Any) -> Settings:
        """A copy in which every flag that is not None replaces its setting; raises UsageError."""
        given = {key: value for key, value in flags.items() if value is not None}
        old = getattr(self, section)
        try:
            new = type(old)(**(old.model_dump() | given))
        except ValidationError as error:
            flag = str(error.errors()[0]["loc"][-1]).replace("_", "-")
            raise UsageError(f"--{flag}: {_wrong(error)}.", f"Next: give another --{flag}, or none") from error
        return self.model_copy(update={section: new})


def _wrong(error: ValidationError) -> str:
    """What is wrong with the first bad value, in our words."""
    first = error.errors()[0]
    kind = first["type"].partition("_")[0]
    wanted = {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(kind)
    if wanted:
        return f"'{first['input']}' is not {wanted}"
    if kind == "extra":
        return "there is no such setting"
    return str(first["msg"]).replace("Input should", "it should")


def _place(names: list[str], path: Path) -> str:
    """Where a setting was given: the variable, which counts first, or the file."""
    for length in range(len(names), 0, -1):
        variable = f"SEMSEARCH_{'__'.join(names[:length])}".upper()
        if any(name.upper() == variable for name in os.environ):
            return f"the variable {variable}"
    return f"it in {path}"

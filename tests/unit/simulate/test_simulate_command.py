import json

import polars as pl
import pytest
from typer.testing import CliRunner

from semsearch.cli.app import app
from semsearch.errors import UsageError

run = CliRunner()


def fails(*arguments: str) -> str:
    result = run.invoke(app, ["simulate", *arguments])
    if isinstance(result.exception, UsageError):
        return str(result.exception)
    assert result.exit_code == 2
    return result.output


def test_it_writes_files_that_import_takes(tmp_path):
    out = tmp_path / "market"
    result = run.invoke(app, ["simulate", str(out), "--items", "300", "--seed", "1", "--searches", "200", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert rows["items.parquet"] == 300
    assert pl.read_parquet(out / "items.parquet").height == 300
    assert pl.read_csv(out / "queries.tsv", separator="\t").columns[:3] == ["query_id", "query", "kind"]
    assert (out / "qrels.txt").read_text().splitlines()[0].split()[1] == "0"
    assert pl.read_csv(out / "regions.csv", infer_schema=False)["region_id"][0] == "0101"
    assert not list(out.glob(".*"))
    for kind, name in (
        ("items", "items.parquet"),
        ("regions", "regions.csv"),
        ("interactions", "interactions.parquet"),
    ):
        home = str(tmp_path / "home")
        run.invoke(app, ["init", "-w", home])
        done = run.invoke(app, ["import", kind, str(out / name), "-w", home, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["rejected"] == 0
        assert json.loads(done.stdout)["read"] == rows[name]


def test_it_writes_posts_and_their_truth(tmp_path):
    out = tmp_path / "abuse"
    result = run.invoke(app, ["simulate", str(out), "--posts", "600", "--seed", "1", "--lang", "en", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == {"posts.parquet": 600, "posts_truth.parquet": 600}
    posts, truth = (pl.read_parquet(out / name) for name in ("posts.parquet", "posts_truth.parquet"))
    assert posts["post_id"].equals(truth["post_id"])
    assert json.loads((out / "stream.json").read_text())["n_campaigns"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--items", "0"), "at least one item"),
        (("--lang", "fr"), "'fr'"),
        (("--seed", "-1"), "seed"),
        (("--searches", "-5"), "searches"),
        (("--posts", "3"), "at least 500"),
        (("--posts", "600", "--items", "5"), "--posts makes a stream"),
        (("--days", "2"), "add --posts"),
    ],
)
def test_bad_numbers_are_named_and_nothing_is_written(tmp_path, arguments, said):
    assert said in fails(str(tmp_path / "out"), *arguments)
    assert not (tmp_path / "out").exists()


def test_a_file_or_a_full_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "is a file" in fails(str(tmp_path / "file"))
    assert "is not empty" in fails(str(tmp_path))


def test_an_empty_folder_is_fine(tmp_path):
    assert run.invoke(app, ["simulate", str(tmp_path), "--items", "20", "--lang", "en"]).exit_code == 0


def test_a_parent_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "cannot be written" in fails(str(tmp_path / "file" / "out"), "--items", "5")

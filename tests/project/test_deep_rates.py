"""``./do deep-rates``: the rows are the pipeline's, and the page shows those of the file."""

import numpy as np
import pytest

from benchmarks import rates
from benchmarks.marks import put
from metanash_replication.topics.successors.measure import successors
from metanash_replication.topics.successors.tables import rate_rows

SMALL = {"iterations": 200, "checkpoints": 12, "seeds": 3}


def test_a_setting_is_the_default_one_with_what_is_deep():
    found = rates.specs(rates.configuration())
    assert found["cce-random-H2"]["seeds"] == 16  # of config/deep.yaml, as all settings have it
    assert found["cce-random-H2"]["rates"] == {"correlated_mirror_descent": 1.0, "staged_cautious_omwu": 1.0}
    assert found["average-random-H4"]["n_states"] == 2  # of config/config.yaml
    assert all(spec["iterations"] >= 10**7 for spec in found.values())


@pytest.mark.parametrize("name", ["average-random-H2", "ce-shapley-H1", "potential-team"])
def test_learners_alone_make_the_rows_of_the_pipeline(name):
    config = rates.configuration()
    spec = rates.specs(config)[name] | SMALL
    arguments = {key: value for key, value in spec.items() if key not in {"seeds", "checkpoints"}}
    arrays = successors(seeds=range(3), root_seed=config["root_seed"], n_checkpoints=12, **arguments)
    expected = list(
        rate_rows(
            arguments, arrays, config["successors"]["slopes"]["margin"], config["speed_up"]["resamples"],
            config["root_seed"],
        )
    )  # fmt: skip
    found = list(rates.rows_of(name, spec, config))
    assert [row["learner"] for row in found] == list(spec["rates"])
    for own, row in zip(found, expected, strict=True):
        assert {key: own[key] for key in row} == pytest.approx(row, nan_ok=True)
        assert own["setting"] == name
        assert float(own["seconds"]) >= 0.0
        ours = float(own["nanoseconds"]) * 200 * 3 / 1e9
        assert np.isclose(ours, float(own["seconds"]), atol=0.06)


def test_the_page_shows_the_file():
    page = rates.PAGE.read_text(encoding="utf-8")
    assert "\n".join(rates.lines(rates.written())) in page
    assert put(page, rates.lines(rates.written()), rates.BEGIN, rates.END) == page
    assert {row["setting"] for row in rates.written()} == set(rates.specs(rates.configuration()))


def test_a_page_without_a_place_is_refused():
    with pytest.raises(ValueError, match=r"must have one line <!-- rates"):
        put(f"{rates.END}\n{rates.BEGIN}", [], rates.BEGIN, rates.END)


def test_only_settings_that_are_there_are_run(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(rates, "TABLE", tmp_path / "rates.csv")
    assert rates.written() == []
    assert rates.main(["ce-random-H2", "ce-random-H9"]) == 2
    assert "no settings: ce-random-H9; there are average-mixed-H1, " in capsys.readouterr().err
    assert not (tmp_path / "rates.csv").exists()


def test_named_settings_are_renewed_and_the_others_kept(tmp_path, monkeypatch):
    table, page = tmp_path / "rates.csv", tmp_path / "page.md"
    monkeypatch.setattr(rates, "TABLE", table)
    monkeypatch.setattr(rates, "PAGE", page)
    page.write_text(f"before\n{rates.BEGIN}\n{rates.END}\nafter\n", encoding="utf-8")
    whole = rates.specs
    monkeypatch.setattr(rates, "specs", lambda config: {name: spec | SMALL for name, spec in whole(config).items()})
    assert rates.main(["ce-shapley-H1"]) == 0
    assert rates.main(["average-mixed-H1"]) == 0
    first = rates.written()
    assert [row["setting"] for row in first] == ["average-mixed-H1"] * 3 + ["ce-shapley-H1"]
    assert rates.main(["ce-shapley-H1"]) == 0
    assert rates.written()[:3] == first[:3]
    assert page.read_text(encoding="utf-8").splitlines() == [
        "before", rates.BEGIN, *rates.lines(rates.written()), rates.END, "after",
    ]  # fmt: skip

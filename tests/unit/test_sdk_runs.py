"""Runs: what is told is recorded, and nothing that goes wrong ends a training."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from ledger.errors import (
    ConfigurationError,
    ConflictError,
    InvalidEventError,
    JournalError,
)
from ledger.sdk import Content
from ledger.sdk.capture import ITEMS
from ledger.sdk.run import outcome_of
from tests.support.sdk import FailingEmitter, make_ledger

STARTED, UPDATED, ENDED = (
    f"pipeline.run.{verb}" for verb in ("started", "updated", "ended")
)


@pytest.fixture
def lg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_ledger(tmp_path / "home")


def reported(lg, what):
    found = {}
    for event in lg.events(UPDATED):
        found |= event.fields[what]
    return found


def test_a_run_has_a_start_and_an_outcome(lg):
    with lg.training_run(
        "triage", step="train", system="ward", seeds={"numpy": 7}
    ) as run:
        pass
    start, end = lg.only(STARTED), lg.only(ENDED)
    assert start.id == run.id == end.fields["run"]
    assert run.handle.digest == start.digest()
    assert start.fields["run"] == "triage"
    assert start.fields["step"] == "train"
    assert start.meta["system_id"] == end.meta["system_id"] == "ward"
    assert start.fields["seeds"]["numpy"] == 7
    assert end.fields["outcome"] == "completed"
    assert end.fields["compute"]["wall_us"] >= 0
    assert end.fields["compute"]["max_rss_bytes"] > 1_000_000


def test_every_event_of_a_run_carries_its_id(lg):
    with lg.training_run("triage") as run:
        run.log_metric("auc", 0.9)
        lg.log_evaluation(metrics={"auc": 0.9})
    assert {event.meta["correlation_id"] for _, event in lg.taken} == {run.id}
    assert lg.only("evaluation.test.completed").fields["run"] == run.id


def test_parameters_metrics_and_tags_are_recorded_in_order(lg):
    with lg.training_run("triage", parameters={"model": {"depth": 3}}) as run:
        run.log_param("lr", 0.1)
        run.log_params({"layers": [1, 2]})
        for step in range(5):
            run.log_metric("loss", 1 / (step + 1), step=step)
        run.log_metrics({"auc": 0.9, "f1": 1})
        run.set_tag("team", "risk")
    assert lg.only(STARTED).fields["parameters"] == {"model.depth": "3"}
    assert reported(lg, "parameters") == {"lr": "0.1", "layers": "[1, 2]"}
    assert reported(lg, "tags") == {"team": "risk"}
    metrics = [m for event in lg.events(UPDATED) for m in event.fields["metrics"]]
    assert [(m["name"], m["step"]) for m in metrics] == [
        *[("loss", step) for step in range(5)],
        ("auc", None),
        ("f1", None),
    ]


def test_a_burst_of_metrics_becomes_few_events_and_none_is_lost(lg):
    with lg.training_run("triage") as run:
        for step in range(1000):
            run.log_metric("loss", float(step), step=step)
    metrics = [m for event in lg.events(UPDATED) for m in event.fields["metrics"]]
    assert [m["value"] for m in metrics] == [float(step) for step in range(1000)]
    assert len(lg.events(UPDATED)) < 20


def test_the_first_report_after_a_quiet_time_is_recorded_at_once(lg):
    with lg.training_run("triage") as run:
        run.log_metric("loss", 1.0)
        assert len(lg.events(UPDATED)) == 1


def test_threads_may_report_to_one_run(lg):
    def work(run):
        for _ in range(100):
            run.log_metric("loss", 1.0)

    with lg.training_run("triage") as run:
        threads = [threading.Thread(target=work, args=(run,)) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert sum(len(e.fields["metrics"]) for e in lg.events(UPDATED)) == 800


def test_an_input_is_known_by_the_bytes_that_were_read(lg, tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(b"a,b\n1,2\n")
    version = lg.log_dataset_version("loans", path)
    with lg.training_run("triage") as run:
        found = run.input(path, "train", dataset_version=version)
        run.input(b"abc", "test", role="test", dataset="other")
    first, second = lg.events("pipeline.input.read")
    assert found == Content(version.content, "file", 8)
    assert first.fields["dataset_version"] == {
        "id": version.id,
        "digest": f"sha256:{version.digest.hex()}",
    }
    assert (first.fields["dataset"], first.fields["bytes_read"]) == ("loans", 8)
    assert [event.fields["rank"] for event in (first, second)] == [0, 1]
    assert second.fields["role"] == "test"


def test_an_input_that_is_not_its_version_is_not_recorded_as_such(lg, tmp_path):
    version = lg.log_dataset_version("loans", b"whole")
    with lg.training_run("triage") as run:
        run.input(b"other", "train", dataset_version=version)
    event = lg.only("pipeline.input.read")
    assert event.fields["dataset_version"] is None
    assert event.fields["dataset"] == "loans"
    assert run.captured()["input.train"].startswith("failed: differs")
    assert "capture.input.train" in reported(lg, "tags")


def test_outputs_stand_with_the_outcome(lg, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_bytes(b"w")
    with lg.training_run("triage") as run:
        run.output(b"report", "report.txt")
        run.output(folder, "model")
    outputs = lg.only(ENDED).fields["outputs"]
    assert [(o["name"], o["scheme"]) for o in outputs] == [
        ("report.txt", "file"),
        ("model", "tree1"),
    ]


def test_a_model_made_by_a_run_names_the_run_and_is_its_output(lg):
    with lg.training_run("triage") as run:
        version = run.register_model("classifier", b"weights", outputs={"p": "float"})
        run.register_model("classifier", b"other weights", version="2")
    first, second = lg.events("registry.model_version.created")
    assert first.fields["run"]["id"] == run.id
    assert first.fields["version"] == version.content[7:19]
    assert second.fields["version"] == "2"
    assert len(lg.events("registry.model.registered")) == 1
    outputs = lg.only(ENDED).fields["outputs"]
    assert outputs[0]["digest"] == version.content
    assert len(outputs) == 2


def test_a_failure_is_recorded_by_its_kind_alone_and_goes_on_unchanged(lg):
    error = ValueError("patient 4711 has no age")
    with pytest.raises(ValueError, match="4711") as caught, lg.training_run("triage"):
        raise error
    assert caught.value is error
    end = lg.only(ENDED)
    assert (end.fields["outcome"], end.fields["error"]) == ("failed", "ValueError")
    assert b"4711" not in end.body


def test_an_interrupted_run_is_aborted(lg):
    with pytest.raises(KeyboardInterrupt), lg.training_run("triage"):
        raise KeyboardInterrupt
    end = lg.only(ENDED)
    assert (end.fields["outcome"], end.fields["error"]) == ("aborted", None)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "completed"),
        (SystemExit(0), "completed"),
        (SystemExit(), "completed"),
        (SystemExit(2), "failed"),
        (KeyboardInterrupt(), "aborted"),
        (asyncio.CancelledError(), "aborted"),
        (GeneratorExit(), "aborted"),
        (MemoryError(), "failed"),
    ],
)
def test_outcomes(error, outcome):
    assert outcome_of(error) == outcome


def test_a_run_within_a_run_names_its_parent(lg):
    with lg.training_run("search") as outer:
        with lg.training_run("trial") as inner:
            pass
        lg.log_evaluation(metrics={})
    starts = {event.id: event.fields["parent"] for event in lg.events(STARTED)}
    assert starts == {outer.id: None, inner.id: outer.id}
    assert lg.only("evaluation.test.completed").fields["run"] == outer.id


async def test_tasks_do_not_see_each_others_runs(lg):
    async def trial(name):
        with lg.training_run(name) as run:
            await asyncio.sleep(0.01)
            lg.log_evaluation(metrics={}, tool=name)
            return run.id

    ids = await asyncio.gather(*(trial(f"t{n}") for n in range(5)))
    runs = {
        event.fields["tool"]: event.fields["run"]
        for event in lg.events("evaluation.test.completed")
    }
    assert runs == {f"t{n}": run_id for n, run_id in enumerate(ids)}
    assert all(event.fields["parent"] is None for event in lg.events(STARTED))


def test_what_cannot_be_read_does_not_end_the_training(lg, caplog):
    with lg.training_run("triage") as run:
        assert run.input("absent.csv", "train") is None
        assert run.output("absent.joblib", "model") is None
        run.log_metric("loss", object())
        run.log_param("n" * 300, 1)
        run.input(object(), "odd")
    end = lg.only(ENDED)
    assert end.fields["outcome"] == "completed"
    tags = reported(lg, "tags")
    assert tags["capture.input.train"] == "failed: FileNotFoundError"
    assert run.captured()["output.model"] == "failed: FileNotFoundError"
    assert lg.stats()["failed_run_input"] == 2
    assert lg.stats()["failed_run_output"] == 1
    (said,) = [r.message for r in caplog.records if "run input" in r.message]
    assert "run input train was not recorded: absent.csv: No such file" in said
    (said,) = [r.message for r in caplog.records if "run metrics" in r.message]
    assert "run metrics loss was not recorded: a object that is no number" in said


class Unwritten:
    """A value that cannot be written as text."""

    def __str__(self) -> str:
        raise ValueError("hunter2")


def test_what_does_not_fit_is_left_out_alone_with_its_reason(lg, caplog):
    with lg.training_run(
        "triage",
        parameters={"depth": 6, "bad\x1bstart": 1},
        seeds={"numpy": 7, "odd\x1b": 1, "torch": object()},
    ) as run:
        run.log_params({"bad\x1b[31mkey": "v", "in": {"er\0": 1, "ok": Unwritten()}})
        run.log_params({"layers": 3, "cyclic": [], "long" * 100: 1})
        run.log_metrics({"acc": 0.9, "": 1.0, "e\x1bvil": 2.0, "f1": 10**999}, step=2.0)
        run.log_metric("late", 1.0, step=2.5)
        run.set_tag("te\x1bam", "a")
        run.set_tag("team", "a")
        run.input(b"abc", "tr\x1bain", role="ro\nle")
        run.output(b"abc", "m\x1bodel")
    start, end = lg.only(STARTED), lg.only(ENDED)
    assert start.fields["parameters"] == {"depth": "6"}
    reason = "failed: holds the control character U+001B"
    assert start.fields["capture"]["parameters.bad\\x1bstart"] == reason
    assert (start.fields["seeds"].get("numpy"), len(start.fields["seeds"]) < 3) == (
        7,
        True,
    )
    assert reported(lg, "parameters") == {"layers": "3", "cyclic": "[]"}
    metrics = [m for event in lg.events(UPDATED) for m in event.fields["metrics"]]
    assert [(m["name"], m["step"]) for m in metrics] == [("acc", 2), ("late", None)]
    tags = reported(lg, "tags")
    assert tags["capture.parameters.bad\\x1b[31mkey"] == reason
    assert tags["capture.parameters.in.ok"] == "failed: ValueError"
    assert tags["capture.metrics.e\\x1bvil"] == reason
    assert tags["capture.tags.te\\x1bam"] == reason
    assert tags["team"] == "a"
    assert "capture.metrics.step" in tags
    read = lg.only("pipeline.input.read").fields
    assert (read["name"], read["role"]) == ("tr\\x1bain", "ro\\nle")
    assert end.fields["outcome"] == "completed"
    assert [item["name"] for item in end.fields["outputs"]] == ["m\\x1bodel"]
    assert not [r.message for r in caplog.records if "\x1b" in r.message]
    assert "hunter2" not in caplog.text + str(run.captured())
    assert run.captured()["parameters.bad\\x1b[31mkey"] == reason


def test_reports_that_are_too_much_for_one_event_become_several(lg):
    many = {f"p{n}": "x" * 250 for n in range(2_200)}
    with lg.training_run("triage", parameters=many) as run:
        run.log_params({f"q{name}": value for name, value in many.items()})
    found = reported(lg, "parameters")
    assert len(found) == 4_400
    assert lg.only(STARTED).fields["parameters"] == {}
    assert lg.only(ENDED).fields["outcome"] == "completed"


def test_a_run_that_ends_in_an_unknown_way_has_ended(lg):
    run = lg.training_run("triage").start()
    run.log_param("lr", 1)
    run.end("fini\x1bshed")
    assert lg.only(ENDED).fields["outcome"] == "unknown"
    assert "none of completed" in reported(lg, "tags")["capture.outcome"]


def test_a_disk_that_takes_nothing_ends_no_training(lg, tmp_path, caplog):
    (tmp_path / "home" / "blobs").write_text("no folder")
    with lg.training_run("triage", parameters={"prompt": "x" * 300, "lr": 1}) as run:
        run.log_param("long", "y" * 300)
        assert lg.register_model("triage", b"weights").version
    start = lg.only(STARTED)
    assert set(start.fields["parameters"]) == {"prompt", "lr"}
    assert start.fields["capture"]["packages"].startswith("digest only: ")
    assert start.fields["environment"]["lock_digest"].startswith("sha256:")
    assert run.captured()["parameters"].startswith("digest only: ")
    assert lg.stats()["failed_document"] > 1
    assert len([r for r in caplog.records if "document" in r.message]) == 1
    strict = make_ledger(tmp_path / "home", strict=True)
    with pytest.raises(JournalError, match="blobs"):
        strict.training_run("triage").start()


def test_in_strict_mode_what_cannot_be_recorded_is_raised(tmp_path):
    lg = make_ledger(tmp_path / "home", strict=True)
    with pytest.raises(FileNotFoundError), lg.training_run("triage") as run:
        run.input("absent.csv", "train")
    with pytest.raises(InvalidEventError, match=r"U\+001B"):
        lg.training_run("triage", parameters={"e\x1bvil": 1}).start()
    with pytest.raises(InvalidEventError), lg.training_run("triage") as run:
        run.log_params({"lr": 1, "e\x1bvil": 1})
    assert reported(lg, "parameters")["lr"] == "1"
    assert lg.events(ENDED)[-1].fields["outcome"] == "failed"


def test_an_emitter_that_fails_midway_does_not_end_the_training(lg):
    with lg.training_run("triage") as run:
        lg.emitter = FailingEmitter(JournalError("the disk is full"))
        run.log_metric("loss", 1.0)
        run.input(b"abc", "train")
    assert lg.stats()["failed_run_metrics"] == 1
    assert lg.stats()["failed_run_end"] == 1
    assert "disk is full" in lg.stats()["last_failure"]


def test_after_its_end_a_run_takes_nothing_more(lg):
    with lg.training_run("triage") as run:
        pass
    with pytest.raises(ConflictError):
        run.log_metric("loss", 1.0)
    with pytest.raises(ConflictError):
        run.start()


def test_start_and_end_work_without_a_with_statement(lg):
    run = lg.training_run("triage").start()
    run.end("aborted")
    run.end("completed")
    assert lg.only(ENDED).fields["outcome"] == "aborted"


def test_secrets_in_parameters_are_cut_and_the_cut_is_recorded(lg):
    with lg.training_run("triage", parameters={"db": "pg://u:hunter2@h/d"}) as run:
        run.log_param("api_key", "hunter2")
    assert all(b"hunter2" not in event.body for _, event in lg.taken)
    start = lg.only(STARTED)
    assert start.fields["parameters"] == {"db": "pg://h/d"}
    assert start.fields["capture"]["parameters"] == "redacted"
    cut = [one for one in start.fields["redactions"] if one["where"] != "diff"]
    assert cut == [{"where": "parameters.db", "kind": "url-credentials", "count": 1}]
    assert run.captured()["parameters"] == "redacted"


def test_a_long_parameter_becomes_a_document(lg):
    with lg.training_run("triage", parameters={"prompt": "x" * 1000}):
        pass
    digest = lg.only(STARTED).fields["parameters"]["prompt"]
    assert lg._blobs.get(digest) == b"x" * 1000


def test_each_item_can_be_switched_off_and_says_so(lg):
    with lg.training_run(
        "triage",
        parameters={"lr": 1},
        seeds={"n": 1},
        capture=dict.fromkeys(ITEMS, False),
    ) as run:
        run.log_metric("loss", 1.0)
        run.log_param("lr", 1)
        assert run.input(b"abc", "train") is None
        assert run.output(b"abc", "model") is None
    start = lg.only(STARTED)
    assert start.fields["capture"] == dict.fromkeys(ITEMS, "off")
    assert start.fields["parameters"] == start.fields["seeds"] == {}
    assert start.fields["environment"]["lock_digest"] is None
    assert start.fields["code"]["commit"] is None
    assert lg.events(UPDATED) == lg.events("pipeline.input.read") == []
    assert lg.only(ENDED).fields["outputs"] == []


def test_an_unknown_switch_is_refused_with_the_nearest_name(lg):
    with pytest.raises(ConfigurationError) as caught:
        lg.training_run("triage", capture={"dif": False})
    assert "'diff'" in caught.value.hint


def test_the_end_of_a_run_says_what_differs_from_the_last(lg, capsys):
    def once(lr, data, auc):
        with lg.training_run("triage", parameters={"lr": lr}) as run:
            run.input(data, "train")
            run.log_metric("auc", auc)
        return capsys.readouterr().err

    assert "the first run of that name" in once(0.1, b"a", 0.91)
    assert "nothing differs" in once(0.1, b"a", 0.91)
    line = once(0.2, b"b", 0.93)
    assert line.count("\n") == 1
    assert "parameters: lr 0.1 → 0.2" in line
    assert "data: train ca978112 → 3e23e816" in line
    assert "metrics: auc 0.91 → 0.93" in line


def test_the_end_of_a_run_says_which_outputs_differ(lg, capsys):
    def once(**outputs):
        with lg.training_run("nd") as run:
            for name, data in outputs.items():
                run.output(data, name.replace("_", "."))
        return capsys.readouterr().err.partition("; ")[2].strip()

    once(m1_joblib=b"a", r_txt=b"r")
    assert once(m1_joblib=b"a", r_txt=b"r") == "nothing differs from the last run"
    start = "since the last run: outputs: "
    assert once(m1_joblib=b"b", r_txt=b"r") == f"{start}m1.joblib ca978112 → 3e23e816"
    assert (
        once(m2_joblib=b"c", r_txt=b"r")
        == f"{start}m1.joblib 3e23e816 → m2.joblib 2e7d2c03"
    )
    assert (
        once(m3_joblib=b"c", r_txt=b"r") == f"{start}m2.joblib is now called m3.joblib"
    )
    assert once(r_txt=b"r") == f"{start}m3.joblib (gone)"
    assert once(r_txt=b"r", x_csv=b"a") == f"{start}x.csv ca978112 (new)"


def test_what_a_run_says_steers_no_screen(lg, capsys):
    with lg.training_run("ti\u202edy", parameters={"a\u200bb": "1\n2"}) as run:
        pass
    told = capsys.readouterr().err + str(run.captured())
    assert r"ti\u202edy" in told
    assert r"parameters.a\u200bb = 1\n2" in told.splitlines()


def test_a_quiet_client_says_nothing(tmp_path, capsys):
    lg = make_ledger(tmp_path / "home", quiet=True)
    with lg.training_run("triage"):
        pass
    assert capsys.readouterr().err == ""


def test_seeds_of_python_itself_are_found(lg, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "42")
    with lg.training_run("triage", seeds={"random": 1}):
        pass
    assert lg.only(STARTED).fields["seeds"] == {"random": 1, "PYTHONHASHSEED": 42}


def test_a_damaged_cache_is_counted_and_disturbs_nothing(lg, tmp_path):
    (tmp_path / "home" / "sdk-cache.sqlite").write_bytes(b"no database" * 100)
    with lg.training_run("triage"):
        pass
    assert lg.only(ENDED).fields["outcome"] == "completed"
    assert lg.stats()["cache_faults"] > 0


def test_the_captured_map_is_the_one_in_the_ledger(lg):
    with lg.training_run("triage") as run:
        assert run.captured() == lg.only(STARTED).fields["capture"]
    assert set(run.captured()) >= set(ITEMS)
    assert json.dumps(run.captured())


def test_what_was_taken_can_be_printed(lg, tmp_path):
    data = tmp_path / "train.csv"
    data.write_text("a,b\n1,2\n")
    with lg.training_run("churn", parameters={"depth": 6}, seeds={"model": 7}) as run:
        content = run.input(data, role="train")
        run.log_metric("auc", 0.5)
        shown = str(run.captured())
    for line in (
        "parameters: on",
        "parameters.depth = 6",
        "seeds.model = 7",
        "metrics.auc = 0.5",
        f"inputs.train.csv = {content.digest}",
        "outputs = nothing",
    ):
        assert line in shown.splitlines()
    assert "environment.python = " in shown

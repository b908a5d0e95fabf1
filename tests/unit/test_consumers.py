"""Looks at readers: what is recorded of them, how often, and what a failure leaves."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ledger import consumers
from ledger.broker_readers import ConsumerEvidence, Readers
from ledger.config import Config, ConsumersConfig, LogConfig
from ledger.consumers import memory as memories
from ledger.consumers.memory import (
    Memory,
    format_memory,
    load_memory,
    parse_memory,
    save_memory,
)
from ledger.consumers.sightings import (
    HOUR_US,
    NOBODY,
    Reader,
    Sighting,
    TopicMemory,
    fitting,
    observe,
)
from ledger.emitter import EventRef
from ledger.errors import (
    ConfigurationError,
    InvalidEventError,
    JournalError,
    LogUnavailableError,
    NotFoundError,
)
from tests.support.commands import application

MINUTE = 60_000_000
START = 1_800_000_000_000_000


def member(
    group: str = "pricing", client: str = "job", host: str = "/10.0.0.7"
) -> ConsumerEvidence:
    return ConsumerEvidence(
        "scores", "kafka.group", group, "classic", "Stable", client, host, (0,)
    )


def offsets(
    committed: int, group: str = "pricing", kind: str = "classic"
) -> ConsumerEvidence:
    return ConsumerEvidence(
        "scores",
        "kafka.group_offsets",
        group,
        kind,
        "Empty",
        None,
        None,
        (0,),
        committed,
    )


@dataclass
class Watch:
    """A topic that is looked at again and again."""

    now: int = START
    memory: TopicMemory = field(default_factory=TopicMemory)

    def look(self, *rows: ConsumerEvidence, after: int = MINUTE):
        self.now += after
        told, self.memory = observe(self.memory, rows, now=self.now)
        return told

    def names(self, *rows: ConsumerEvidence, after: int = MINUTE) -> list[str]:
        return [item.reader.consumer for item in self.look(*rows, after=after)]


def test_a_reader_is_told_at_first_sight_and_then_once_an_hour():
    watch = Watch()
    first = watch.look(member())
    assert [item.reader.client_id for item in first] == ["job"]
    told = [watch.names(member()) for _ in range(180)]
    assert [number for number, names in enumerate(told, 1) if names] == [60, 120, 180]


def test_the_windows_of_a_steady_reader_touch_and_are_complete():
    watch = Watch()
    told = [item for _ in range(200) for item in watch.look(member())]
    assert len(told) == 4
    assert all(item.complete for item in told)
    for before, after in pairwise(told):
        assert after.window_from == before.window_to
        assert after.window_from <= after.first <= after.last < after.window_to


def test_another_host_or_client_of_a_group_is_told_at_once():
    watch = Watch()
    watch.look(member())
    assert watch.names(member(), member(host="/10.0.0.8")) == ["pricing"]
    assert watch.names(member(), member(client="laptop")) == ["pricing"]


def test_a_reader_that_has_gone_is_told_with_the_last_time_it_was_seen():
    watch = Watch()
    watch.look(member())
    watch.look(member())
    seen = watch.now
    told = [item for _ in range(70) for item in watch.look(offsets(5, group="other"))]
    gone = [item for item in told if item.reader.consumer == "pricing"]
    assert [(item.last, item.window_to > seen) for item in gone] == [(seen, True)]
    assert all(s.reader.consumer != "pricing" for s in watch.memory.sightings[1:])


def test_a_reader_that_comes_and_goes_every_minute_is_told_once_an_hour():
    watch = Watch()
    told: list[str] = []
    for number in range(600):
        told += watch.names(*([member()] if number % 2 else []))
    assert told.count("pricing") <= 11
    assert told.count("") <= 11


def test_nobody_is_told_too_because_not_looked_is_something_else():
    watch = Watch()
    (item,) = watch.look()
    assert item.reader == NOBODY
    assert [watch.names() for _ in range(59)] == [[]] * 59
    assert watch.names(after=2 * MINUTE) == [""]


def test_a_look_that_was_missed_makes_the_window_incomplete():
    watch = Watch()
    watch.look(member())
    (item,) = watch.look(member(), after=HOUR_US)
    assert not item.complete
    (late,) = watch.look(member(), member("late"), after=MINUTE)
    assert late.complete
    assert late.window_from == item.window_to


def test_committed_offsets_count_only_when_they_move():
    watch = Watch()
    (first,) = watch.look(offsets(10))
    assert (first.reader.channel, first.count) == ("kafka.group_offsets", None)
    for _ in range(120):
        assert watch.look(offsets(10)) == []
    (moved,) = watch.look(offsets(25))
    assert (moved.count, moved.first, moved.last) == (15, watch.now, watch.now)


def test_offsets_that_were_set_back_have_no_count():
    watch = Watch()
    watch.look(offsets(10))
    told = [item for _ in range(70) for item in watch.look(offsets(3))]
    assert [item.count for item in told] == [None]


def test_a_group_with_members_is_told_by_its_members():
    watch = Watch()
    told = watch.look(member(), offsets(10))
    assert [item.reader.channel for item in told] == ["kafka.group"]
    assert watch.look(offsets(10)) == []
    told = watch.look(offsets(12))
    assert [item.reader.channel for item in told] == ["kafka.group_offsets"]


def test_a_clock_that_went_back_neither_silences_nor_breaks_a_window():
    watch = Watch()
    watch.look(member())
    (item,) = watch.look(member(), after=-10 * MINUTE)
    assert item.window_from <= item.first <= item.last < item.window_to
    assert item.window_to - item.window_from >= 1


@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from(["a", "b", "c"])),
            st.integers(1, 3 * HOUR_US),
            st.integers(0, 9),
        ),
        max_size=40,
    )
)
def test_every_sign_is_told_within_an_hour_of_looks(looks: list[Any]):
    watch = Watch()
    signs: list[tuple[str, int]] = []
    told: list[Any] = []
    for groups, after, committed in looks:
        rows = [
            offsets(committed, g) if g == "c" else member(g) for g in sorted(groups)
        ]
        told += watch.look(*rows, after=after)
        signs += [(g, watch.now) for g in groups - {"c"}]
    watch.now += HOUR_US
    told += watch.look(after=1)
    for group, at in signs:
        assert any(
            item.reader.consumer == group and item.first <= at <= item.last
            for item in told
        )
    for item in told:
        assert item.window_from <= item.first <= item.last < item.window_to


@given(st.text(max_size=600))
def test_no_name_that_a_reader_chose_keeps_it_out_of_the_record(name: str):
    from pydantic import TypeAdapter

    from ledger.events.types import Text

    if any(0xD800 <= ord(c) < 0xE000 for c in name):
        return
    shown = fitting(name)
    assert shown is not None
    assert TypeAdapter(Text).validate_python(shown) == shown
    assert shown.isprintable()


def test_names_that_are_cut_stay_apart():
    assert fitting("x" * 300 + "a") != fitting("x" * 300 + "b")
    assert fitting("a\x00") != fitting("a\x01")
    assert fitting("pricing-v2") == "pricing-v2"
    assert fitting(None) is None


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.none() | st.integers(0, 2**53)
memory_values = st.builds(
    Memory,
    tried=st.integers(0, 2**53),
    failures=st.integers(0, 9),
    last_failure=texts,
    topics=st.dictionaries(
        texts,
        st.builds(
            TopicMemory,
            looked=st.integers(0, 2**53),
            steady=st.integers(0, 2**53),
            sightings=st.tuples(
                st.builds(
                    Sighting,
                    st.builds(Reader, texts, texts, texts, st.none() | texts),
                    numbers,
                    numbers,
                    numbers,
                    numbers,
                    numbers,
                )
            ),
        ),
        max_size=2,
    ),
)


@given(memory_values)
def test_what_is_remembered_reads_back(memory: Memory):
    assert parse_memory(format_memory(memory)) == memory


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"version": 2}', '{"tried": "x"}', '{"topics": {"a": 3}}', "7"],
)
def test_a_damaged_memory_is_begun_anew_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
):
    config = kafka(tmp_path)
    (tmp_path / memories.FILE_NAME).write_text(text)
    assert load_memory(config) == Memory()
    assert "begun anew" in caplog.text


def kafka(home: Path, *topics: str) -> Config:
    return Config(
        home=home,
        name="acme",
        log=LogConfig(kind="kafka", bootstrap="127.0.0.1:1"),
        consumers=ConsumersConfig(topics=topics),
    )


@dataclass
class Recording:
    """Takes events, and refuses when it is told to."""

    events: list[Any] = field(default_factory=list[Any])
    refuses: bool = False

    def emit(self, event: Any) -> EventRef:
        if self.refuses:
            raise JournalError("full")
        self.events.append(event)
        return EventRef(event.event_id, bytes(32))


@dataclass
class Cluster:
    """Stands for the broker: the readers it shows, or the error it answers with."""

    rows: dict[str, tuple[ConsumerEvidence, ...]] = field(
        default_factory=dict[str, Any]
    )
    errors: dict[str, Exception] = field(default_factory=dict[str, Exception])
    asked: list[str] = field(default_factory=list[str])

    def readers_of(self, config: Config, topic: str) -> Readers:
        self.asked.append(topic)
        if topic in self.errors:
            raise self.errors[topic]
        return Readers(self.rows.get(topic, ()))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr("ledger.broker_readers.readers_of", made.readers_of)
    return made


def clock_at(moment: int):
    return lambda: moment


def test_the_own_topic_and_the_configured_ones_are_watched(tmp_path: Path):
    config = kafka(tmp_path, "scores", "acme.events", "limits")
    assert consumers.watched_topics(config) == ("acme.events", "scores", "limits")


def test_a_scan_records_who_when_how_and_what_it_cannot_see(
    tmp_path: Path, cluster: Cluster
):
    cluster.rows["scores"] = (member(), offsets(7, "nightly", "consumer"))
    emitter = Recording()
    looked = consumers.scan(
        kafka(tmp_path, "scores"), emitter, topics=["scores"], now=clock_at(START)
    )
    first, second = emitter.events
    assert (first.consumer, first.channel, first.operation) == (
        "pricing",
        "kafka.group",
        "read",
    )
    assert (first.resource.kind, first.resource.id) == ("kafka.topic", "scores")
    assert (first.client_id, first.host, first.group_type) == (
        "job",
        "/10.0.0.7",
        "classic",
    )
    assert (second.consumer, second.channel, second.operation) == (
        "nightly",
        "kafka.group_offsets",
        "commit",
    )
    assert (second.group_type, second.host) == ("consumer", None)
    for event in emitter.events:
        assert event.window_from <= event.first_time < event.window_to
        assert event.collector.id == "mlledger.consumers"
        assert event.collector.config_digest.startswith("sha256:")
        assert any("without a group" in spot for spot in event.blind_spots)
        assert any("this ledger's own" in spot for spot in event.blind_spots)
    assert [r.event_id for r in looked[0].recorded] == [
        event.event_id for event in emitter.events
    ]


def test_a_second_scan_records_nothing_new(tmp_path: Path, cluster: Cluster):
    cluster.rows["acme.events"] = (member(),)
    config, emitter = kafka(tmp_path), Recording()
    consumers.scan(config, emitter, now=clock_at(START))
    (again,) = consumers.scan(config, emitter, now=clock_at(START + MINUTE))
    assert len(emitter.events) == 1
    assert (len(again.rows), again.recorded) == (1, ())


def test_a_topic_that_fails_hides_no_other(tmp_path: Path, cluster: Cluster):
    cluster.errors["acme.events"] = NotFoundError("no such topic")
    cluster.rows["scores"] = (member(),)
    emitter = Recording()
    config = kafka(tmp_path, "scores")
    own, scores = consumers.scan(config, emitter, now=clock_at(START))
    assert isinstance(own.error, NotFoundError)
    assert (scores.error, len(emitter.events)) == (None, 1)
    assert load_memory(config).failures == 1


def test_a_cluster_that_is_away_is_asked_once(tmp_path: Path, cluster: Cluster):
    cluster.errors["acme.events"] = LogUnavailableError("away")
    config = kafka(tmp_path, "scores", "limits")
    looked = consumers.scan(config, Recording(), now=clock_at(START))
    assert cluster.asked == ["acme.events"]
    assert [type(one.error) for one in looked] == [LogUnavailableError] * 3


def test_what_was_not_recorded_is_recorded_by_the_next_scan(
    tmp_path: Path, cluster: Cluster
):
    cluster.rows["acme.events"] = (member(),)
    config, emitter = kafka(tmp_path), Recording(refuses=True)
    with pytest.raises(JournalError):
        consumers.scan(config, emitter, now=clock_at(START))
    emitter.refuses = False
    consumers.scan(config, emitter, now=clock_at(START + MINUTE))
    assert len(emitter.events) == 1


def test_more_readers_than_are_recorded_are_said_to_be_cut(
    tmp_path: Path, cluster: Cluster
):
    cluster.rows["acme.events"] = tuple(member(f"g{n}") for n in range(1_001))
    emitter = Recording()
    (looked,) = consumers.scan(kafka(tmp_path), emitter, now=clock_at(START))
    assert len(emitter.events) == 1_000
    assert not any(event.complete for event in emitter.events)
    assert any("beyond the first 1000" in spot for spot in looked.blind_spots)


def test_a_worker_scans_each_minute_whatever_fails(
    tmp_path: Path, cluster: Cluster, caplog: pytest.LogCaptureFixture
):
    config, emitter = kafka(tmp_path), Recording()
    cluster.errors["acme.events"] = LogUnavailableError("away")
    for second in range(120):
        consumers.scan_if_due(config, emitter, now=clock_at(START + second * 1_000_000))
    assert len(cluster.asked) == 3
    assert load_memory(config).failures == 3
    assert "away" in load_memory(config).last_failure
    assert [r.levelno for r in caplog.records] == [logging.WARNING] * 3

    cluster.errors.clear()
    later = clock_at(START + 3 * MINUTE)
    assert consumers.scan_if_due(config, Recording(refuses=True), now=later) == []
    assert load_memory(config).failures == 4
    assert not consumers.is_due(config, now=later)


def test_a_home_that_cannot_be_written_does_not_stop_the_worker(
    tmp_path: Path, cluster: Cluster, caplog: pytest.LogCaptureFixture
):
    config = kafka(tmp_path / "nowhere")
    assert consumers.scan_if_due(config, Recording()) == []
    assert "not looked at" in caplog.text


def test_a_look_missed_by_failure_makes_the_next_window_incomplete(
    tmp_path: Path, cluster: Cluster
):
    config, emitter = kafka(tmp_path), Recording()
    cluster.rows["acme.events"] = (member(),)
    consumers.scan(config, emitter, now=clock_at(START))
    cluster.errors["acme.events"] = LogUnavailableError("away")
    for minute in range(1, 5):
        consumers.scan(config, emitter, now=clock_at(START + minute * MINUTE))
    cluster.errors.clear()
    cluster.rows["acme.events"] = (member(), member("late"))
    consumers.scan(config, emitter, now=clock_at(START + 5 * MINUTE))
    assert [(e.consumer, e.complete) for e in emitter.events] == [
        ("pricing", True),
        ("late", False),
    ]


def test_an_embedded_log_has_no_groups_to_look_for(tmp_path: Path):
    config = replace(kafka(tmp_path), log=LogConfig())
    with pytest.raises(ConfigurationError, match="this log is sqlite"):
        consumers.scan(config, Recording())
    assert consumers.scan_if_due(config, Recording()) == []
    assert list(tmp_path.iterdir()) == []


def test_without_the_client_the_text_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "ledger.broker_readers", None)
    with pytest.raises(ConfigurationError) as caught:
        consumers.scan(kafka(tmp_path), Recording())
    assert "mlledger[kafka]" in caught.value.hint


def test_saving_leaves_no_part_behind(tmp_path: Path):
    save_memory(kafka(tmp_path), Memory(tried=7))
    assert [path.name for path in tmp_path.iterdir()] == [memories.FILE_NAME]


TOML = """
[[contracts]]
consumer = "pricing"
channels = ["kafka.topic:scores", {kind = "http", id = "/v1/score"}]
purpose = "risk-based pricing"
valid_from = 2026-01-01
valid_to = 2027-01-01T00:00:00Z
columns = ["score"]

[[contracts]]
consumer = "collections"
channels = ["kafka.topic:scores"]
purpose = "order of calls"
owner = "collections team"
"""


def test_contracts_stand_in_a_file(tmp_path: Path):
    path = tmp_path / "contracts.toml"
    path.write_text(TOML)
    first, second = consumers.contracts_in(path)
    assert [(c.kind, c.id) for c in first.channels] == [
        ("kafka.topic", "scores"),
        ("http", "/v1/score"),
    ]
    assert first.valid_from == 1_767_225_600_000_000
    assert first.valid_to == 1_798_761_600_000_000
    assert (second.owner, second.valid_to) == ("collections team", None)

    single = tmp_path / "one.json"
    fields = {"consumer": "a", "channels": ["kafka.topic:s"], "purpose": "p"}
    single.write_text(json.dumps(fields))
    (only,) = consumers.contracts_in(single)
    assert (only.consumer, only.meta.basis) == ("a", "declared")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"channels": []}, "channels"),
        ({"channels": "kafka.topic:s"}, "channels"),
        ({"channels": ["scores"]}, "'scores': not a channel"),
        ({"channels": [{"kind": "http"}]}, "channels"),
        ({"chanels": []}, "chanels"),
        ({"purpose": 7}, "purpose"),
        ({"consumer": ""}, "consumer"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-02-01"}, "valid_to"),
        ({"basis": "observed"}, "basis"),
    ],
)
def test_a_contract_that_does_not_fit_names_why(change: dict[str, Any], named: str):
    fields = {"consumer": "a", "channels": ["kafka.topic:s"], "purpose": "p"}
    with pytest.raises(InvalidEventError, match=named):
        consumers.contract({**fields, **change})


@pytest.mark.parametrize("text", ["{", "[7]", '{"contracts": 3}'])
def test_a_file_that_holds_no_contracts_names_itself(tmp_path: Path, text: str):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(InvalidEventError, match=r"x\.json"):
        consumers.contracts_in(path)
    with pytest.raises(InvalidEventError, match=r"gone\.toml"):
        consumers.contracts_in(tmp_path / "gone.toml")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(application(), ["consumer", *arguments])


def test_a_declaration_needs_a_file_or_options(tmp_path: Path):
    for arguments in ([], [str(tmp_path / "f.toml"), "--consumer", "a"]):
        answer = run("declare", *arguments)
        assert answer.exit_code == 2
        assert "either a file" in answer.output


def test_declaring_by_options_signs_the_contract(tmp_path: Path):
    from tests.support.ledger import make_ledger

    ledger = make_ledger(tmp_path)
    answer = run(
        "declare",
        *("--consumer", "pricing", "--channel", "kafka.topic:scores"),
        *("--purpose", "prices", "--valid-to", "2999-01-01"),
        *("--home", str(ledger.home), "--json"),
    )
    assert answer.exit_code == 0, answer.output
    (row,) = json.loads(answer.stdout)["data"]
    assert row["channels"] == ["kafka.topic:scores"]
    assert row["valid_to"] == "2999-01-01T00:00:00.000000Z"
    assert any(
        bytes.fromhex(row["event_id"].replace("-", "")) in (record.value or b"")
        for record in ledger.log.read(0, 0)
    )
    ledger.close()


def test_scanning_an_embedded_log_is_refused(tmp_path: Path):
    from tests.support.ledger import make_ledger

    ledger = make_ledger(tmp_path)
    answer = run("scan", "--home", str(ledger.home))
    ledger.close()
    assert answer.exit_code == 3
    assert "this log is sqlite" in answer.output

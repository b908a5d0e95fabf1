"""The life of keys, by command: made, rotated, revoked, replaced; decisions go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger import cli, clock, init
from ledger.administration import new_key
from ledger.checkpoint import parse_checkpoint
from ledger.config import LogConfig, load_config
from ledger.control import Control
from ledger.errors import ConfigurationError, NotAuthorisedError
from ledger.keys import Ed25519Signer, key_fingerprint, load_signer, write_key
from ledger.leaf import parse_leaf
from ledger.public import OriginReader
from ledger.sdk.signers import Signers
from ledger.setup import add_identity, initialise, key_uri
from ledger.verdict import Verdict
from ledger.verification import load_control
from tests.support.ledger import SmallLedger, open_ledger, sealed_ids
from tests.support.story import make_home

RUNNER, APP = CliRunner(), cli.build_app()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SmallLedger]:
    """A ledger of three roots, two of whom must agree."""
    home = tmp_path / "home"
    made = initialise(home, name="acme", log=LogConfig(), roots=3, threshold=2)
    small = open_ledger(made.config.home)
    yield small
    small.close()


def run(ledger: SmallLedger, *arguments: str, code: int = 0) -> dict[str, Any]:
    words = [*arguments, "--home", str(ledger.home), "--json"]
    result = RUNNER.invoke(APP, words)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def control_of(ledger: SmallLedger) -> Control:
    return load_control(ledger.log, ledger.public, ledger.config.ledger_id)


def signers(ledger: SmallLedger, origin: str) -> list[bytes]:
    """Key ids on the newest checkpoint of an origin."""
    _, note = parse_checkpoint(ledger.public.read(origin, "checkpoint"))
    return [line.key_id for line in note.signatures]


def verdicts(ledger: SmallLedger, origin: str = "acme/p0") -> list[Verdict]:
    reader = OriginReader(ledger.public, control_of(ledger).active_vkeys(origin))
    leaves = reader.leaves(0, reader.checkpoint.size)
    return [Verdict(parse_leaf(leaf).verdict) for leaf in leaves]


def root_key(ledger: SmallLedger, *numbers: int) -> list[str]:
    names = [f"root-{number}" if number > 1 else "root" for number in numbers]
    return [word for name in names for word in ("--root-key", f"file:keys/{name}.key")]


# --- log keys


@pytest.mark.parametrize("role", ["p0", "control", "manifest"])
def test_a_log_key_is_rotated_and_the_ledger_verifies_at_every_step(
    ledger: SmallLedger, role: str
) -> None:
    origin = f"acme/{role}"
    ledger.emit_decisions(10)
    ledger.seal()
    old = control_of(ledger).log_vkeys[origin]
    run(ledger, "key", "rotate-log", role)
    ledger.seal()
    assert ledger.exit_code() == 0
    first, new = control_of(ledger).active_vkeys(origin)
    assert first == old
    if role != "manifest":  # nothing is sealed there yet
        ledger.emit_decisions(10)
        ledger.seal()
        assert signers(ledger, origin) == [old.key_id, new.key_id]
        assert ledger.exit_code() == 0
        run(ledger, "key", "rotate-log", origin, "--retire")
        ledger.seal()
        ledger.emit_decisions(10)
        ledger.seal()
        assert signers(ledger, origin) == [new.key_id]
        assert control_of(ledger).log_vkeys[origin] == new
    assert ledger.exit_code() == 0
    ledger.reopen()
    assert ledger.exit_code() == 0


def test_a_quiet_origin_is_signed_anew_when_its_keys_change(
    ledger: SmallLedger,
) -> None:
    ledger.emit_decisions(10)
    ledger.seal()
    run(ledger, "key", "rotate-log", "p0")
    ledger.seal()
    ledger.seal()
    assert len(signers(ledger, "acme/p0")) == 2
    run(ledger, "key", "rotate-log", "p0", "--retire")
    ledger.seal()
    ledger.seal()
    assert ledger.exit_code() == 0
    new = control_of(ledger).log_vkeys["acme/p0"].key_id
    assert new in signers(ledger, "acme/p0")


def test_a_sealer_that_runs_takes_up_a_new_key(ledger: SmallLedger) -> None:
    ledger.emit_decisions(10)
    with ledger.sealer() as sealer, ledger.sealer(-1) as control:
        sealer.seal_once()
        run(ledger, "key", "rotate-log", "p0")
        control.seal_once()
        ledger.emit_decisions(10)
        sealer.seal_once()
        assert len(signers(ledger, "acme/p0")) == 2
    assert ledger.exit_code() == 0


def test_a_log_key_is_not_retired_before_another_one_signs(
    ledger: SmallLedger,
) -> None:
    ledger.emit_decisions(10)
    ledger.seal()
    answer = run(ledger, "key", "rotate-log", "p0", "--retire", code=11)
    assert "no other key has signed" in answer["errors"][0]["message"]


def test_a_log_key_needs_the_threshold_of_roots(ledger: SmallLedger) -> None:
    before = sorted(ledger.config.keys.iterdir())
    one = root_key(ledger, 2)
    answer = run(ledger, "key", "rotate-log", "p0", *one, code=9)
    assert "endorsed by 1 of 2" in answer["errors"][0]["message"]
    assert sorted(ledger.config.keys.iterdir()) == before
    two = root_key(ledger, 2, 3)
    run(ledger, "key", "rotate-log", "p0", *two)
    run(ledger, "key", "rotate-log", "p7", code=4)


def test_a_checkpoint_signed_by_the_retired_key_alone_is_a_contradiction(
    ledger: SmallLedger,
) -> None:
    ledger.emit_decisions(10)
    run(ledger, "key", "rotate-log", "p0")
    ledger.seal()
    ledger.seal()
    run(ledger, "key", "rotate-log", "p0", "--retire")
    ledger.seal()
    ledger.seal()
    assert ledger.exit_code() == 0
    checkpoint, _ = parse_checkpoint(ledger.public.read("acme/p0", "checkpoint"))
    from ledger.checkpoint import sign_checkpoint

    old = load_signer("file:keys/log-p0.key", base=ledger.home)
    forged = sign_checkpoint(checkpoint, old)
    (ledger.folder() / "checkpoint").write_bytes(forged)
    (ledger.folder() / f"checkpoint.{checkpoint.size}").write_bytes(forged)
    assert ledger.exit_code() == 5


@pytest.mark.parametrize("role", ["p0", "control"])
def test_a_checkpoint_beside_a_stranger_is_a_contradiction(
    ledger: SmallLedger, role: str
) -> None:
    from ledger.checkpoint import sign_checkpoint

    ledger.emit_decisions(10)
    ledger.seal()
    file = ledger.config.public / "acme" / role / "checkpoint"
    checkpoint, _ = parse_checkpoint(file.read_bytes())
    stranger = Ed25519Signer.generate()
    file.write_bytes(sign_checkpoint(checkpoint, stranger))
    assert ledger.exit_code() == 5


# --- producers' keys


def test_the_name_of_an_identity_says_its_kind_and_a_person_may_approve(
    ledger: SmallLedger,
) -> None:
    assert run(ledger, "key", "new", "person:bela")["data"]["kind"] == "person"
    assert run(ledger, "key", "new", "service:score")["data"]["kind"] == "service"
    ledger.seal()
    known = {key.identity: key.kind for key in control_of(ledger).keys()}  # noqa: SIM118
    assert (known["person:bela"], known["service:score"]) == ("person", "service")
    with init(ledger.home, quiet=True) as lg:
        release = lg.register_model("m", b"w")
        lg.approve(release, gate="production", by="person:bela")
        assert lg.flush(60)
    ledger.seal()
    assert not any(verdict.is_quarantine for verdict in verdicts(ledger))


@pytest.mark.parametrize(
    "words",
    [
        ("person:bela", "--kind", "service"),
        ("service:score", "--kind", "person"),
        ("bela",),
        ("person:",),
        ("pers on",),
        ("person:be la",),
    ],
)
def test_an_identity_that_contradicts_itself_or_has_no_form_gets_no_key(
    ledger: SmallLedger, words: tuple[str, ...]
) -> None:
    before = ledger.log.bounds(-1)
    run(ledger, "key", "new", *words, code=2)
    run(ledger, "key", "authorize", *words, "--key", "file:keys/root.key", code=2)
    assert ledger.log.bounds(-1) == before


def test_a_producer_without_a_kind_makes_no_ledger(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("ana", "per son:ana"):
        words = ["init", "--identity", name, "--home", str(home)]
        assert RUNNER.invoke(APP, words).exit_code == 2
        assert not home.exists()


def test_an_approval_by_a_services_key_is_refused_before_it_is_recorded(
    ledger: SmallLedger,
) -> None:
    made = new_key(ledger.config, ledger.log, identity="person:bela", kind="service")
    add_identity(ledger.config, "person:bela", f"file:{made.path}")
    ledger.seal()
    with init(ledger.home, quiet=True) as lg:
        release = lg.register_model("m", b"w")
        for act in (
            lambda: lg.approve(release, gate="production", by="person:bela"),
            lambda: lg.state("purpose", "Sorts cases.", by="person:bela"),
        ):
            with pytest.raises(NotAuthorisedError, match="registered as a service's"):
                act()
        assert lg.flush(60)
    ledger.seal()
    assert not any(verdict.is_quarantine for verdict in verdicts(ledger))


@pytest.mark.kafka
@pytest.mark.postgres
def test_brokers_tell_beforehand_too_and_when_they_are_away_the_sealer_judges(
    tmp_path: Path,
    kafka_bootstrap: str,
    tables_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = make_home(tmp_path, bootstrap=kafka_bootstrap, dsn=tables_dsn, people=False)
    ledger = home.small_ledger()
    made = new_key(ledger.config, ledger.log, identity="person:bela", kind="service")
    config = add_identity(ledger.config, "person:bela", f"file:{made.path}")
    ledger.seal()
    ledger.close()
    asked = ("person:bela", "registry.approval.decided")
    known = Signers(config)
    for _ in range(2):
        with pytest.raises(NotAuthorisedError, match="registered as a service's"):
            known.require(*asked)
    known.require("person:bela", "registry.release.created")
    monkeypatch.setattr("ledger.sdk.signers._WAIT_S", 0.2)
    away = replace(config, log=replace(config.log, bootstrap="127.0.0.1:1"))
    begun = clock.monotonic()
    Signers(away).require(*asked)
    assert clock.monotonic() - begun < 2


def test_a_refused_entry_is_named_by_the_worker_and_by_the_doctor(
    ledger: SmallLedger,
) -> None:
    home = ("--home", str(ledger.home))
    made = new_key(ledger.config, ledger.log, identity="person:bela", kind="service")
    add_identity(ledger.config, "person:bela", f"file:{made.path}")
    with init(ledger.home, quiet=True) as lg:  # the key is not sealed: nobody knows
        version = lg.register_model("m", b"w")
        lg.approve(version, gate="production", by="person:bela")
        assert lg.flush(60)
    told = RUNNER.invoke(APP, ["worker", "--once", "--no-project", *home])
    assert told.exit_code == 0
    assert "refused as NOT_AUTHORISED: 1 entries that name person:bela" in told.stderr
    assert "mlledger journal flush" in told.stderr
    assert "entries refused" in told.stdout
    rows = run(ledger, "doctor")["data"]
    (row,) = [row for row in rows if "NOT_AUTHORISED" in row["detail"]]
    assert (row["part"], row["state"]) == ("refused acme/p0", "warning")
    assert "person:bela" in row["detail"]
    assert "mlledger journal flush" in row["repair"]


def test_the_repair_that_is_named_for_a_missing_key_makes_that_key(
    ledger: SmallLedger,
) -> None:
    with pytest.raises(ConfigurationError) as told:
        key_uri(ledger.config, "person:bela")
    assert "mlledger key new person:bela;" in told.value.hint


def test_a_producer_key_is_rotated_and_decisions_go_on(ledger: SmallLedger) -> None:
    first = ledger.emit_decisions(10)
    ledger.seal()
    made = run(ledger, "key", "rotate", "service:local")["data"]
    ledger.seal()
    more = ledger.emit_decisions(10)  # the former key signs on
    ledger.config = load_config(ledger.home)
    uri = key_uri(ledger.config, "service:local")
    signer = load_signer(uri, base=ledger.home)
    assert key_fingerprint(signer.public_key).hex() == made["key_fp"]
    old = ledger.streams.pop(0)
    last = ledger.emit_decisions(10)
    ledger.seal()
    assert sealed_ids(ledger) == [*first, *more, *last]
    run(ledger, "key", "revoke", made["former_key_fp"])
    ledger.seal()
    ledger.streams[0], new = old, ledger.streams[0]
    ledger.emit_decisions(1)
    ledger.streams[0] = new
    still = ledger.emit_decisions(1)
    ledger.seal()
    assert sealed_ids(ledger) == [*first, *more, *last, *still]
    assert verdicts(ledger).count(Verdict.KEY_REVOKED) == 1
    assert ledger.exit_code() == 0
    rows = run(ledger, "key", "show", "service:local")["data"]
    assert [row["state"] for row in rows] == ["revoked", "authorised"]


def test_what_is_sealed_after_a_revocation_is_refused(ledger: SmallLedger) -> None:
    before = ledger.emit_decisions(3, per_entry=1)
    ledger.seal()
    key_fp = key_fingerprint(ledger.producer.public_key).hex()
    run(ledger, "key", "revoke", key_fp, "--compromised-since", "2026-01-01T00:00:00Z")
    ledger.emit_decisions(2, per_entry=1)
    ledger.seal()
    assert sealed_ids(ledger) == before
    refused = [each for each in verdicts(ledger) if each == Verdict.KEY_REVOKED]
    assert len(refused) == 2
    assert ledger.exit_code() == 0
    (row,) = run(ledger, "key", "show", key_fp)["data"]
    assert row["compromised_since"] == "2026-01-01T00:00:00.000000Z"
    run(ledger, "key", "revoke", key_fp, code=9)
    run(ledger, "key", "rotate", "service:local", code=9)


def test_a_key_made_elsewhere_is_authorised(
    ledger: SmallLedger, tmp_path: Path
) -> None:
    signer = Ed25519Signer.generate()
    file = tmp_path / "ana.key"
    write_key(file, signer)
    words = ("key", "authorize", "person:ana", "--kind", "person")
    run(ledger, *words, "--key", f"file:{file}")
    ledger.seal()
    known = control_of(ledger).key(key_fingerprint(signer.public_key))
    assert known is not None
    assert (known.identity, known.kind) == ("person:ana", "person")
    assert load_config(ledger.home).identities["person:ana"] == f"file:{file}"
    other = Ed25519Signer.generate().public_key.hex()
    run(ledger, *words, "--public-key", other, "--event-type", "mlledger.oversight.*")
    ledger.seal()
    assert len(run(ledger, "key", "show", "person:ana")["data"]) == 2


@pytest.mark.parametrize(
    ("public_key", "code"),
    [("01" + 31 * "00", 9), ("02" + 31 * "00", 9), ("xyz", 2), ("00", 9)],
    ids=["low-order", "not-on-curve", "no-digits", "short"],
)
def test_an_unusable_key_is_refused_and_nothing_is_appended(
    ledger: SmallLedger, public_key: str, code: int
) -> None:
    before = ledger.log.bounds(-1)
    words = ("key", "authorize", "service:x", "--public-key", public_key)
    run(ledger, *words, code=code)
    assert ledger.log.bounds(-1) == before


def test_a_root_or_operator_key_is_not_revoked_like_a_producers(
    ledger: SmallLedger,
) -> None:
    for name in ("root", "operator"):
        signer = load_signer(f"file:keys/{name}.key", base=ledger.home)
        key_fp = key_fingerprint(signer.public_key).hex()
        run(ledger, "key", "revoke", key_fp, code=9)


# --- roots and operator


def test_a_root_is_replaced_by_old_and_new_roots(ledger: SmallLedger) -> None:
    leaving = control_of(ledger).root_keys[0].hex()
    result = RUNNER.invoke(APP, ["root", "new", str(ledger.config.keys / "root-4.key")])
    assert result.exit_code == 0
    change = ["root", "set", "--add", "file:keys/root-4.key", "--remove", leaving]
    run(ledger, *change, *root_key(ledger, 2, 3))
    ledger.seal()
    shown = run(ledger, "root", "show")["data"]
    assert leaving not in shown["roots"]
    assert (len(shown["roots"]), shown["threshold"]) == (3, 2)
    run(ledger, "key", "rotate-log", "p0", *root_key(ledger, 1, 2), code=9)
    run(ledger, "key", "rotate-log", "p0", *root_key(ledger, 2, 4))
    ledger.seal()
    assert ledger.exit_code() == 0


def test_the_threshold_is_raised_by_enough_of_both(ledger: SmallLedger) -> None:
    run(ledger, "root", "set", "--threshold", "3", *root_key(ledger, 1, 2), code=9)
    run(ledger, "root", "set", "--threshold", "4", code=9)
    run(ledger, "root", "set", "--threshold", "3")
    ledger.seal()
    assert control_of(ledger).threshold == 3
    run(ledger, "root", "set", "--remove", "00" * 32, code=4)


def test_roots_on_several_machines_agree_by_a_file(
    ledger: SmallLedger, tmp_path: Path
) -> None:
    file = tmp_path / "threshold.json"
    one = root_key(ledger, 1)
    out = ("--out", str(file))
    run(ledger, "root", "set", "--threshold", "1", *one, *out)
    run(ledger, "root", "set", "--threshold", "1", *one, *out, code=11)
    answer = run(ledger, "root", "submit", str(file), code=9)
    assert "endorsed by 1 of 2" in answer["errors"][0]["message"]
    other = ledger.config.keys / "root-3.key"
    result = RUNNER.invoke(
        APP, ["root", "sign", str(file), "--root-key", f"file:{other}"]
    )
    assert result.exit_code == 0, result.output
    assert "threshold: 1" in result.output
    done = run(ledger, "root", "submit", str(file))["data"]
    assert (done["type"], len(done["endorsed_by"])) == ("ledger.root.set", 2)
    ledger.seal()
    assert control_of(ledger).threshold == 1
    run(ledger, "root", "submit", str(file), code=9)  # it took effect already
    file.write_text("{}")
    run(ledger, "root", "submit", str(file), code=5)


def test_the_operator_is_replaced_and_the_former_one_is_powerless(
    ledger: SmallLedger,
) -> None:
    former = (ledger.config.keys / "operator.key").read_bytes()
    before = control_of(ledger).operator_keys
    run(ledger, "operator", "replace", *root_key(ledger, 1, 3))
    ledger.seal()
    assert control_of(ledger).operator_keys != before
    run(ledger, "key", "new", "service:after")
    ledger.seal()
    assert run(ledger, "key", "show", "service:after")["data"]
    (ledger.config.keys / "operator.key").write_bytes(former)
    run(ledger, "key", "new", "service:never")
    ledger.seal()
    run(ledger, "key", "show", "service:never", code=4)
    assert Verdict.KEY_REVOKED in verdicts(ledger, "acme/control")
    assert ledger.exit_code() == 0


def test_a_replacement_that_was_stopped_half_way_goes_on_with_the_same_key(
    ledger: SmallLedger,
) -> None:
    made = run(ledger, "operator", "replace")["data"]
    place = ledger.config.keys / "operator.key"
    place.rename(place.with_name("operator.next.key"))  # as if killed before the move
    ledger.seal()
    again = run(ledger, "operator", "replace")["data"]
    assert again["key_fp"] == made["key_fp"]
    ledger.seal()
    run(ledger, "key", "new", "service:after")
    ledger.seal()
    assert ledger.exit_code() == 0


def test_the_operator_cannot_replace_itself(ledger: SmallLedger) -> None:
    for name in ("root", "root-2", "root-3"):
        (ledger.config.keys / f"{name}.key").unlink()
    run(ledger, "operator", "replace", code=3)
    assert not (ledger.config.keys / "operator.next.key").exists()

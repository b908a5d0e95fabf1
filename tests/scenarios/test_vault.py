"""The vault: captured, kept, read for a purpose, erased; every proof still holds."""

from __future__ import annotations

import hmac
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pytest

import ledger
from ledger import clock
from ledger.config import Config
from ledger.errors import (
    ConflictError,
    IntegrityError,
    InvalidEventError,
    LedgerError,
    MissingEvidenceError,
    NotFoundError,
)
from ledger.events.governance import HoldPlaced, HoldReleased, RetentionRuleSet
from ledger.payload.content import Payload, commitment, encode_payload
from ledger.payload.envelope import Sealer
from ledger.payload.transport import open_payload_log
from ledger.vault.plan import Reason
from ledger.vault.reading import Reading
from ledger.vault.rules import DAY_US
from ledger.vault.secrets import load_secrets
from ledger.vault.shelf import Shelf
from tests.support.producer import accepted
from tests.support.vault import (
    ALICE,
    BOB,
    FEATURES,
    copied,
    decide,
    files_with,
    running,
    seal,
    taken,
    vault_home,
    verified,
)

pytestmark = pytest.mark.postgres
REQUEST = Reason("request", text="asked by letter")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return vault_home(tmp_path_factory.mktemp("vault"), "")


@pytest.fixture
def config(template: Config, tmp_path: Path, postgres_dsn: str) -> Config:
    return copied(template, tmp_path, postgres_dsn)


def erase(config: Config, subject: str = ALICE):
    with running(config) as (service, _vault):
        return service.erase(subject, REQUEST)


def rows(config: Config, statement: str) -> list[tuple]:
    with psycopg.connect(config.vault.dsn) as database:
        return database.execute(statement).fetchall()


def test_what_was_captured_can_be_read_for_a_purpose(config: Config):
    (made,) = decide(config, ALICE)
    assert taken(config)["kept"] == 1
    with running(config) as (service, _vault):
        found = service.show(made, Reading(purpose="subject_rights", login="dpo"))
    assert found == Payload(made, ALICE, FEATURES, 0.8712)
    seen = rows(config, "SELECT decision_id, purpose, reader FROM vault.access")
    assert seen == [(UUID(bytes=made), "subject_rights", "dpo")]
    (event,) = accesses(config)
    assert (event["decision"], event["purpose"]) == (made, "subject_rights")
    assert (event["principal"], event["payload_opened"]) == ("service:local", True)
    assert len(event["subject_commitment"]) == 32
    assert "dpo" not in str(event)  # a login may be a person's name
    assert not event["break_glass"]


def accesses(config: Config) -> list[dict[str, Any]]:
    """The readings that the log tells of."""
    return [one.fields for one in accepted(config, "governance.access.logged")]


def test_a_reading_that_cannot_be_recorded_opens_nothing(config: Config):
    (made,) = decide(config, ALICE)
    taken(config)
    shutil.rmtree(config.journal)
    config.journal.write_text("no folder")
    with running(config) as (service, _vault), pytest.raises((LedgerError, OSError)):
        service.show(made, Reading(purpose="audit", login="me"))
    assert rows(config, "SELECT * FROM vault.access") == []


def test_an_emergency_is_recorded_as_one(config: Config):
    (made,) = decide(config, ALICE)
    taken(config)
    with running(config) as (service, _vault):
        service.show(
            made, Reading(purpose="incident", login="me", emergency="recall tonight")
        )
    (event,) = accesses(config)
    assert (event["break_glass"], event["reason"]) == (True, "recall tonight")


def test_a_payload_is_not_read_without_a_known_purpose(config: Config):
    (made,) = decide(config, ALICE)
    taken(config)
    wrong = pytest.raises(InvalidEventError, match="purpose")
    with running(config) as (service, _vault), wrong:
        service.show(made, Reading(purpose="curiosity", login="me"))
    assert rows(config, "SELECT * FROM vault.access") == []


def test_a_payload_that_comes_before_its_decision_waits_for_it(config: Config):
    (made,) = decide(config, ALICE)
    with running(config) as (service, _vault):
        service.step()
        with pytest.raises(MissingEvidenceError, match="not sealed yet"):
            service.show(made, Reading(purpose="audit", login="me"))
    assert taken(config)["kept"] == 1


def test_each_payload_is_kept_once_however_often_it_comes(config: Config):
    (made,) = decide(config, ALICE)
    transport = open_payload_log(config)
    (record,) = transport.read(0, limit=10)
    transport.send([record.value, record.value])
    transport.close()
    assert taken(config)["kept"] == 1
    assert rows(config, "SELECT decision_id FROM vault.payload") == [
        (UUID(bytes=made),)
    ]


def test_what_a_decision_did_not_commit_to_is_quarantined(config: Config):
    (made,) = decide(config, ALICE)
    key = bytes.fromhex(config.capture.vault_key)
    forger = Sealer(key, ledger_id=config.ledger_id)
    forged = forger.seal(Payload(made, ALICE, {"income": 1}, 0.1))[1]
    stray = forger.seal(Payload(clock.new_id(), BOB, {}, 0.1))[1]
    transport = open_payload_log(config)
    transport.send([forged, stray, b"rubbish", forged[:-1] + b"x"])
    transport.close()
    done = taken(config)
    assert (done["kept"], done["quarantined"], done["refused"]) == (1, 1, 2)
    with running(config) as (service, _vault):
        assert service.show(made, Reading(purpose="audit", login="me")).output == 0.8712
    later = clock.now_us() + 9 * DAY_US
    with running(config, now_us=lambda: later) as (service, _vault):
        service.step()
        assert service.status()["quarantined"] == 2


def test_an_altered_row_is_a_contradiction(config: Config):
    (made,) = decide(config, ALICE)
    taken(config)
    with psycopg.connect(config.vault.dsn) as database:
        database.execute("UPDATE vault.payload SET ciphertext = ciphertext || 'x'")
    with running(config) as (service, _vault), pytest.raises(IntegrityError):
        service.show(made, Reading(purpose="audit", login="me"))


def needles(config: Config, made: bytes) -> list[bytes]:
    """What must be nowhere: plaintext, subject, salt, data key, envelope."""
    with running(config) as (_service, vault):
        (found,) = vault.store.arrived(made)
        key = vault.shelf.key(found.encrypted.key_id)
        from ledger.vault.crypt import decrypt

        opened = decrypt(found.encrypted, key)
    return [
        ALICE.encode(),
        b"Zwolle-Plugh",
        opened.content,
        opened.salt,
        key.key,
        opened.salt.hex().encode(),
        key.key.hex().encode(),
    ]


def test_personal_data_is_in_no_file_of_the_home_at_any_time(config: Config):
    (made,) = decide(config, ALICE)
    plain = [ALICE.encode(), b"Zwolle-Plugh", b"41234.5"]
    assert files_with(config.home, *plain) == []
    taken(config)
    assert files_with(config.home, *plain) == []
    secret = needles(config, made)
    assert files_with(config.home, *secret) == []


def test_after_an_erasure_no_byte_of_it_is_left(config: Config):
    """Neither in the home nor in the database server's whole data folder."""
    (made, other) = decide(config, ALICE, BOB)
    transport = open_payload_log(config)
    envelope = transport.read(0, limit=1)[0].value
    transport.close()
    taken(config)
    secret = needles(config, made)
    wrapped = wrapped_keys(config)
    erase(config)
    (left,) = wrapped_keys(config)
    gone = [value for value in wrapped if value != left]
    assert files_with(config.home, *secret, envelope, *gone) == []
    with psycopg.connect(config.vault.dsn, autocommit=True) as database:
        database.execute("CHECKPOINT")
        folder = database.execute("SHOW data_directory").fetchone()[0]
    assert files_with(Path(folder), *secret, envelope, *gone) == []
    with running(config) as (service, _vault):
        with pytest.raises(NotFoundError):
            service.show(made, Reading(purpose="audit", login="me"))
        assert service.show(other, Reading(purpose="audit", login="me")).subject == BOB


def wrapped_keys(config: Config) -> list[bytes]:
    database = sqlite3.connect(config.home / config.vault.keys)
    try:
        found = database.execute("SELECT wrapped FROM subject").fetchall()
    finally:
        database.close()
    return [bytes(row[0]) for row in found]


def test_every_proof_verifies_after_an_erasure(config: Config):
    decide(config, ALICE, BOB)
    taken(config)
    before = verified(config)
    erased = erase(config)
    seal(config)
    assert (before, verified(config)) == (0, 0)
    assert erased.deleted is not None
    assert len(erased.deleted.decisions) == 1


def test_a_million_guesses_need_the_salt(config: Config):
    """A score of six digits: found at once with the salt, never without."""
    (made,) = decide(config, ALICE, features=None)
    taken(config)
    with running(config) as (_service, vault):
        from ledger.vault.crypt import decrypt

        (found,) = vault.store.arrived(made)
        opened = decrypt(found.encrypted, vault.shelf.key(found.encrypted.key_id))
    committed = rows(config, "SELECT commitment FROM vault.decision")[0][0]
    content = encode_payload(Payload(made, ALICE, None, 0.8712))
    front, back = content.split(b"0.8712")

    def guessed(salt: bytes) -> int | None:
        begun = hmac.new(salt, front + b"0.", "sha256")
        for number in range(1_000_000):
            trial = begun.copy()
            trial.update(b"%d%s" % (number, back))
            if trial.digest() == committed:
                return number
        return None

    assert commitment(opened.salt, content) == committed
    assert guessed(opened.salt) == 8712
    erase(config)
    assert rows(config, "SELECT * FROM vault.payload") == []
    assert guessed(b"") is None


def test_nothing_of_that_subject_is_an_honest_answer(config: Config):
    decide(config, BOB)
    taken(config)
    with pytest.raises(NotFoundError, match="nothing of that subject"):
        erase(config)


def test_a_second_erasure_finds_nothing(config: Config):
    decide(config, ALICE)
    taken(config)
    erase(config)
    with pytest.raises(NotFoundError):
        erase(config)


def test_a_dry_run_deletes_nothing(config: Config):
    (made,) = decide(config, ALICE)
    taken(config)
    with running(config) as (service, _vault):
        planned = service.plan(ALICE)
        assert [item.decision_id for item in planned.plan.deleted] == [made]
        assert service.show(made, Reading(purpose="audit", login="me")).subject == ALICE


def declare(config: Config, event) -> None:
    with running(config) as (service, _vault):
        service.declare(event)


def test_a_hold_beats_an_erasure_until_it_is_released(config: Config):
    (made,) = decide(config, ALICE)
    taken(config)
    placed = HoldPlaced.record(
        basis="declared",
        hold="case-7",
        reason="dispute",
        decisions=[made],
        everything=False,
    )
    declare(config, placed)
    with pytest.raises(ConflictError, match=r"case-7.*its release"):
        erase(config)
    declare(
        config, HoldReleased.record(basis="declared", hold="case-7", reason="settled")
    )
    assert erase(config).deleted is not None


def test_a_duty_keeps_only_what_it_covers_and_the_rest_goes(config: Config):
    (kept,) = decide(config, ALICE, use="credit")
    (gone,) = decide(config, ALICE, use="marketing")
    taken(config)
    declare(config, floor(days=25, uses=["credit"]))
    old = wrapped_keys(config)
    erased = erase(config)
    assert erased.deleted is not None
    assert erased.deleted.decisions == [gone]
    (retained,) = erased.deleted.events[0].fields["retained"]
    assert retained["decision"] == kept
    assert retained["provision"] == "12 CFR 1002.12(b)"
    assert not set(old) & set(wrapped_keys(config))  # what stays has a new key
    with running(config) as (service, _vault):
        assert service.show(kept, Reading(purpose="audit", login="me")).subject == ALICE
    later = clock.now_us() + 26 * DAY_US
    with running(config, now_us=lambda: later) as (service, _vault):
        service.step()  # the duty has ended: the request is carried out
        with pytest.raises(NotFoundError):
            service.show(kept, Reading(purpose="audit", login="me"))
    assert wrapped_keys(config) == []


def floor(*, days: int, uses: list[str], bound: str = "floor") -> RetentionRuleSet:
    return RetentionRuleSet.record(
        basis="declared",
        rule=f"{bound}-{days}",
        data_class="payload",
        bound=bound,
        period_days=days,
        provision="12 CFR 1002.12(b)",
        uses=uses,
        enabled=True,
    )


def test_a_duty_over_everything_refuses_with_article_and_date(config: Config):
    decide(config, ALICE)
    taken(config)
    declare(config, floor(days=25, uses=[]))
    with pytest.raises(ConflictError, match=r"12 CFR 1002\.12\(b\).*until 20"):
        erase(config)


def test_what_is_past_its_ceiling_goes_on_schedule(config: Config):
    decide(config, ALICE, BOB)
    taken(config)
    declare(config, floor(days=10, uses=[], bound="ceiling"))
    with running(config) as (service, _vault):
        assert service.expire() == []
    later = clock.now_us() + 11 * DAY_US
    with running(config, now_us=lambda: later) as (service, _vault):
        (due,) = service.expire(dry_run=True)
        assert (len(due.plan.deleted), due.deleted) == (2, None)
        (done,) = service.expire()
    assert done.deleted is not None
    fields = done.deleted.events[0].fields
    assert (fields["cause"], fields["rule"]) == ("schedule", "ceiling-10")
    assert len(fields["key_ids"]) == 2
    assert wrapped_keys(config) == []


def test_payload_that_arrives_after_the_erasure_goes_too(config: Config):
    (first,) = decide(config, ALICE)
    (late,) = decide(config, ALICE)
    transport = open_payload_log(config)
    records = transport.read(0, limit=10)
    transport.forget(records[-1].offset + 1)
    transport.send([records[0].value])
    taken(config)
    assert erase(config).deleted.decisions == [first]
    transport.send([records[1].value])
    transport.close()
    with running(config) as (service, _vault):
        service.step()
        assert service.done["deletions"] == 1
        with pytest.raises(NotFoundError):
            service.show(late, Reading(purpose="audit", login="me"))
    assert rows(config, "SELECT * FROM vault.payload") == []


def test_a_new_decision_about_the_person_is_kept_again(config: Config):
    decide(config, ALICE)
    taken(config)
    erase(config)
    (fresh,) = decide(config, ALICE)
    taken(config)
    with running(config) as (service, _vault):
        assert (
            service.show(fresh, Reading(purpose="audit", login="me")).subject == ALICE
        )


def test_a_stolen_table_or_key_file_is_not_a_list_of_people(config: Config):
    decide(config, ALICE)
    taken(config)
    secrets = load_secrets(config)
    with Shelf(config.home / config.vault.keys, secrets.wrapping_key) as shelf:
        tag = shelf.tag(ALICE)
    for guess in (b"", secrets.wrapping_key, bytes(32)):
        assert hmac.digest(guess, ALICE.encode(), "sha256") != tag
    stored = rows(config, "SELECT * FROM vault.payload")
    assert tag not in [value for row in stored for value in row]


def test_no_personal_data_and_no_key_is_ever_logged(
    config: Config, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    (made,) = decide(config, ALICE)
    taken(config)
    secrets = load_secrets(config)
    erase(config)
    told = caplog.text + repr(secrets)
    for secret in (ALICE, "Zwolle", secrets.wrapping_key.hex(), made.hex()):
        assert secret not in told


def test_capture_is_off_until_somebody_switches_it_on(
    tmp_path: Path, postgres_dsn: str
):
    from ledger.setup import initialise

    config = initialise(tmp_path / "plain", name="acme").config
    decide(config, ALICE)
    assert not (config.home / "payload.sqlite").exists()
    assert files_with(config.home, ALICE.encode(), b"Zwolle-Plugh") == []


@pytest.fixture
def client(config: Config) -> Iterator[ledger.sdk.Ledger]:
    with ledger.init(config.home, quiet=True) as made:
        yield made


def test_capture_can_be_decided_by_the_call_and_in_bulk(config: Config, client):
    from tests.support.vault import deployed

    place = deployed(client)
    client.log_decision(deployment=place, subject=ALICE, features={}, capture=False)
    client.log_decision(deployment=place)
    client.log_decisions(
        [{"output": "a", "subject": ALICE, "features": FEATURES}, {"output": "b"}],
        deployment=place,
    )

    @client.decision(
        deployment=place,
        output=lambda r: r["label"],
        subject=lambda who, _x: who,
        features=lambda _who, x: {"x": x},
    )
    def score(who: str, x: float) -> dict[str, object]:
        return {"label": "low", "score": 0.5}

    assert score(BOB, 1.5) == {"label": "low", "score": 0.5}
    score(BOB, np.complex128(1))  # no JSON form: the decision is recorded all the same
    last = ledger.sdk.last_decision_id()
    assert client.flush(60)
    assert client.stats()["failed_payload"] == 1
    client.close()
    assert taken(config)["kept"] == 2
    with running(config) as (service, _vault), pytest.raises(NotFoundError):
        service.show(bytes(last), Reading(purpose="audit", login="me"))


def test_an_own_commitment_and_capture_exclude_each_other(config: Config, client):
    from tests.support.vault import deployed

    with pytest.raises(InvalidEventError, match="payload_commitment"):
        client.log_decision(
            deployment=deployed(client), subject=ALICE, payload_commitment=bytes(32)
        )

"""Policies: strict lines, quorums of groups, cosignatures and their times."""

from __future__ import annotations

import base64
import itertools
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors, policy
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import (
    EvidenceError,
    MalformedError,
    QuorumError,
    SignatureError,
    StaleError,
)
from ledger.keys import Ed25519Signer
from ledger.note import (
    Note,
    SignatureLine,
    Vkey,
    cosign,
    cosignature_vkey,
    log_vkey,
    parse_note,
    parse_vkey,
    verify_cosignature,
)
from ledger.policy import parse_policy, read_cosigned, verify_cosigned

LOG = Ed25519Signer.from_seed(bytes(range(32)))
STRANGER = Ed25519Signer.from_seed(b"s" * 32)
ORIGIN = "ledger.example/p0"
HEAD = Checkpoint(ORIGIN, 8, b"\7" * 32)
NOTE = sign_checkpoint(HEAD, LOG)
NAMES = ("north", "south", "east", "west")
SIGNERS = {name: Ed25519Signer.from_seed(name.encode().ljust(32)) for name in NAMES}
NOW = 1_790_000_000


def test_own_vectors_hold(vectors: Path) -> None:
    paths = sorted((vectors / "policy").glob("*.json"))
    assert len(paths) >= 60
    for path in paths:
        vector = json.loads(path.read_text(encoding="utf-8"))
        raises = vector["raises"]
        with pytest.raises(getattr(errors, raises)) if raises else nullcontext():
            check_vector(vector)
            assert raises is None, path


def check_vector(vector: dict[str, Any]) -> None:
    if vector["kind"] == "policy":
        found = parse_policy(vector["text"])
        witnesses = [[w.name, str(w.vkey), w.url] for w in found.witnesses]
        groups = [[g.name, g.threshold, list(g.members)] for g in found.groups]
        assert [str(vkey) for vkey in found.logs] == vector["logs"]
        assert (witnesses, groups) == (vector["witnesses"], vector["groups"])
        assert found.quorum == vector["quorum"]
        return
    cosigned = verify_cosigned(
        base64.b64decode(vector["data"]),
        parse_policy(vector["policy"]),
        now_s=vector["now_s"],
        max_age_s=vector["max_age_s"],
    )
    head = cosigned.checkpoint
    wanted = (vector["origin"], vector["size"], vector["root"])
    assert (head.origin, head.size, head.root.hex()) == wanted
    by = [[item.witness, item.time_s] for item in cosigned.cosignatures]
    assert by == vector["witnesses"]
    times = (vector["attested_s"], vector["fresh_s"])
    assert (cosigned.attested_s, cosigned.fresh_s) == times


def key_name(name: str) -> str:
    return f"{name}.example/w1"


def vkey(name: str) -> Vkey:
    return cosignature_vkey(key_name(name), SIGNERS[name].public_key)


def text_of(quorum: str, *more: str) -> str:
    lines = [f"log {log_vkey(ORIGIN, LOG.public_key)}"]
    lines += [f"witness {name} {vkey(name)}" for name in NAMES]
    return "\n".join([*lines, *more, f"quorum {quorum}", ""])


TWO_OF_THREE = parse_policy(text_of("g", "group g 2 north south east"))


def line(name: str, time_s: int = NOW) -> SignatureLine:
    return cosign(HEAD.body, name=key_name(name), signer=SIGNERS[name], time_s=time_s)


def with_lines(*lines: SignatureLine, note: bytes = NOTE) -> bytes:
    parsed = parse_note(note)
    return Note(parsed.text, (*parsed.signatures, *lines)).to_bytes()


# C2SP tlog-cosignature, "Format": the example's witness and its line.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4UR"
    "YN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZC"
    "B9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def test_the_cosignature_of_the_specification_parses() -> None:
    signed = parse_note(EXAMPLE.encode()).signatures[1]
    assert signed.name == "witness.example.com/w1"
    assert int.from_bytes(signed.signature[:8], "big") == 1679315147
    assert len(signed.signature) == 72


def test_a_cosignature_gives_its_time_back() -> None:
    assert verify_cosignature(parse_note(with_lines(line("north"))), vkey("north")) == (
        NOW
    )


def test_a_cosignature_signs_header_time_and_text() -> None:
    signed = line("north").signature
    wanted = f"cosignature/v1\ntime {NOW}\n{HEAD.body}".encode()
    assert signed == NOW.to_bytes(8, "big") + SIGNERS["north"].sign(wanted)


@pytest.mark.parametrize("time_s", [-1, 1 << 63])
def test_a_time_out_of_range_is_not_signed(time_s: int) -> None:
    with pytest.raises(MalformedError):
        line("north", time_s)


def broken_lines() -> dict[str, SignatureLine]:
    good = line("north")
    name, key_id, signed = good.name, good.key_id, good.signature
    other = SIGNERS["north"].sign(f"cosignature/v1\ntime 0{NOW}\n{HEAD.body}".encode())
    plain = SIGNERS["north"].sign(HEAD.body.encode())
    huge = (1 << 63).to_bytes(8, "big")
    far = SIGNERS["north"].sign(f"cosignature/v1\ntime {1 << 63}\n{HEAD.body}".encode())
    return {
        "other time": SignatureLine(
            name, key_id, (NOW + 1).to_bytes(8, "big") + signed[8:]
        ),
        "no time": SignatureLine(name, key_id, signed[8:]),
        "longer": SignatureLine(name, key_id, signed + b"\0"),
        "leading zero signed": SignatureLine(name, key_id, signed[:8] + other),
        "signed as a log": SignatureLine(name, key_id, signed[:8] + plain),
        "time of 2**63": SignatureLine(name, key_id, huge + far),
    }


@pytest.mark.parametrize("name", broken_lines())
def test_a_wrong_line_of_a_listed_witness_refuses_the_note(name: str) -> None:
    with pytest.raises(SignatureError):
        verify_cosigned(
            with_lines(line("south"), line("east"), broken_lines()[name]), TWO_OF_THREE
        )


def test_a_witness_may_not_sign_twice() -> None:
    twice = with_lines(line("north"), line("north", NOW + 1), line("south"))
    with pytest.raises(SignatureError, match="two signatures"):
        verify_cosigned(twice, TWO_OF_THREE)


def test_strangers_are_ignored_and_do_not_count() -> None:
    stranger = cosign(HEAD.body, name="s", signer=STRANGER, time_s=NOW)
    same_name = cosign(HEAD.body, name=key_name("north"), signer=STRANGER, time_s=NOW)
    data = with_lines(stranger, same_name, line("south"))
    with pytest.raises(QuorumError) as caught:
        verify_cosigned(data, TWO_OF_THREE)
    assert caught.value.exit_code == 6
    found = verify_cosigned(
        with_lines(stranger, line("south"), line("east")), TWO_OF_THREE
    )
    assert [item.witness for item in found.cosignatures] == ["south", "east"]


@pytest.mark.parametrize("signed", list(itertools.product([False, True], repeat=4)))
def test_quorums_count_as_the_specification_says(signed: tuple[bool, ...]) -> None:
    names = {name for name, did in zip(NAMES, signed, strict=True) if did}
    north, south, east, west = signed
    cases = {
        ("north",): north,
        ("none",): True,
        ("g", "group g all north south east west"): all(signed),
        ("g", "group g any north south east west"): any(signed),
        ("g", "group g 3 north south east west"): sum(signed) >= 3,
        ("x", "group a 2 north south", "group b any east west", "group x all a b"): (
            north and south and (east or west)
        ),
        ("x", "group a all north south", "group x 2 a east west"): (
            (north and south) + east + west >= 2
        ),
    }
    for (quorum, *groups), wanted in cases.items():
        assert parse_policy(text_of(quorum, *groups)).is_satisfied(names) == wanted


def test_a_policy_of_our_own_before_witnesses_is_quorum_none() -> None:
    found = parse_policy(f"log {log_vkey(ORIGIN, LOG.public_key)}\n")
    assert (found.quorum, found.witnesses) == ("none", ())
    cosigned = verify_cosigned(NOTE, found, now_s=NOW)
    assert (cosigned.satisfied, cosigned.attested_s) == (True, None)


def test_comments_blanks_and_urls_are_let_go_of() -> None:
    text = (
        f"# logs\n\n  log\t{log_vkey(ORIGIN, LOG.public_key)}  https://x/  \n \t\n"
        f" # w\nwitness n {vkey('north')} https://north.example/prefix\nquorum n\n"
    )
    found = parse_policy(text)
    assert found.witnesses == (
        policy.Witness("n", vkey("north"), "https://north.example/prefix"),
    )
    assert parse_policy(text.encode() + b"# \xff\xe9\n") == found
    assert parse_policy(str(found)) == found


def test_a_policy_prints_and_parses_to_itself() -> None:
    for text in (
        text_of("none"),
        text_of("x", "group a 2 north south", "group x any a east"),
    ):
        found = parse_policy(text)
        assert str(found) == text.replace("any", "1")
        assert parse_policy(str(found)) == found


W = f"witness n {vkey('north')}"
S = f"witness s {vkey('south')}"
BAD = {
    "quorum twice": f"{W}\nquorum n\nquorum n\n",
    "no quorum": f"{W}\n",
    "quorum not defined": f"{W}\nquorum m\n",
    "quorum before its witness": f"quorum n\n{W}\n",
    "quorum of two": f"{W}\n{S}\nquorum n s\n",
    "unknown word": "logs x\nquorum none\n",
    "no last newline": "quorum none",
    "carriage return": "quorum none\r\n",
    "form feed": "quorum\fnone\n",
    "delete": "# \x7f\nquorum none\n",
    "no-break space": "quorum\u00a0none\n",
    "witness called none": f"witness none {vkey('north')}\nquorum none\n",
    "same name twice": f"{W}\nwitness n {vkey('south')}\nquorum n\n",
    "same key twice": f"{W}\nwitness m {vkey('north')}\nquorum n\n",
    "same key, other key name": (
        f"{W}\nwitness m {cosignature_vkey('o', SIGNERS['north'].public_key)}\n"
        "quorum n\n"
    ),
    "same log key twice": (
        f"log {log_vkey('a', LOG.public_key)}\nlog {log_vkey('b', LOG.public_key)}\n"
    ),
    "a log's key for a witness": f"witness n {log_vkey('n', LOG.public_key)}\n"
    "quorum n\n",
    "a witness's key for a log": f"log {vkey('north')}\nquorum none\n",
    "unsupported key type": f"witness n {Vkey('n', b'', 6, b'k' * 1312)}\nquorum n\n",
    "low order key": f"witness n {cosignature_vkey('n', bytes(32))}\nquorum n\n",
    "key id of another name": W.replace("north.example", "other.example")
    + "\nquorum n\n",
    "not UTF-8 in a name": f"witness \udcff {vkey('north')}\nquorum none\n",
    "no key": "witness n\nquorum n\n",
    "too much": f"{W} https://x y\nquorum n\n",
    "log without key": "log\n",
    "group without members": f"{W}\ngroup g 1\nquorum g\n",
    "group of none": f"{W}\ngroup g 1 none\nquorum g\n",
    "group of itself": f"{W}\ngroup g 1 g\nquorum g\n",
    "member twice": f"{W}\ngroup g 2 n n\nquorum g\n",
    "member of two groups": f"{W}\n{S}\ngroup a 1 n\ngroup b 1 n s\nquorum b\n",
    "threshold 0": f"{W}\ngroup g 0 n\nquorum g\n",
    "threshold too large": f"{W}\ngroup g 2 n\nquorum g\n",
    "threshold with zero": f"{W}\ngroup g 01 n\nquorum g\n",
    "threshold with plus": f"{W}\ngroup g +1 n\nquorum g\n",
    "threshold in other digits": f"{W}\ngroup g ١ n\nquorum g\n",
    "group of a taken name": f"{W}\n{S}\ngroup n 1 s\nquorum n\n",
    "too long": "#" * (1 << 20) + "\n",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_policy_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        parse_policy(BAD[name])


def test_limits_are_as_large_as_recommended() -> None:
    keys = [Ed25519Signer.from_seed(bytes([n]) * 32).public_key for n in range(64)]
    lines = [f"log {log_vkey(f'o{n}', key)}" for n, key in enumerate(keys)]
    lines += [
        f"witness w{n} {cosignature_vkey(f'w{n}', key)}" for n, key in enumerate(keys)
    ]
    lines += [f"group g{n} any w{n}" for n in range(64)]
    found = parse_policy("\n".join([*lines, "quorum g63", ""]))
    assert (len(found.logs), len(found.witnesses), len(found.groups)) == (64, 64, 64)


def test_attested_is_the_time_by_which_a_quorum_had_signed() -> None:
    data = with_lines(
        line("north", NOW - 50), line("south", NOW), line("east", NOW - 9)
    )
    found = verify_cosigned(data, TWO_OF_THREE, now_s=NOW)
    assert (found.attested_s, found.fresh_s) == (NOW - 9, NOW - 9)
    assert [item.witness for item in found.cosignatures] == ["north", "east", "south"]
    two = verify_cosigned(with_lines(line("north", 5), line("south", 9)), TWO_OF_THREE)
    assert (two.attested_s, two.fresh_s) == (9, 5)


def test_one_witness_alone_makes_nothing_fresh() -> None:
    data = with_lines(line("north", NOW), line("south", NOW - 900), line("east", 1))
    with pytest.raises(StaleError) as caught:
        verify_cosigned(data, TWO_OF_THREE, now_s=NOW, max_age_s=899)
    assert caught.value.exit_code == 6
    verify_cosigned(data, TWO_OF_THREE, now_s=NOW, max_age_s=900)


def test_without_a_quorum_no_age_can_be_told() -> None:
    data = with_lines(line("north", NOW))
    with pytest.raises(StaleError):
        verify_cosigned(data, parse_policy(text_of("none")), now_s=NOW, max_age_s=60)


def test_a_time_in_the_future_contradicts_itself() -> None:
    data = with_lines(line("north", NOW + 61), line("south"), line("east"))
    with pytest.raises(SignatureError, match="future"):
        verify_cosigned(data, TWO_OF_THREE, now_s=NOW)
    verify_cosigned(data, TWO_OF_THREE, now_s=NOW + 1)
    verify_cosigned(data, TWO_OF_THREE)


def test_the_log_must_be_listed_and_must_have_signed() -> None:
    cases = (
        sign_checkpoint(Checkpoint("other.example/p0", 8, b"\7" * 32), LOG),
        sign_checkpoint(HEAD, STRANGER),
        with_lines(note=NOTE).replace(b"\n8\n", b"\n9\n"),
    )
    for data in cases:
        with pytest.raises(SignatureError):
            read_cosigned(data, TWO_OF_THREE)


def test_any_active_key_of_the_log_will_do_but_no_wrong_line() -> None:
    second = Ed25519Signer.from_seed(b"2" * 32)
    both = parse_policy(
        f"log {log_vkey(ORIGIN, LOG.public_key)}\n"
        f"log {log_vkey(ORIGIN, second.public_key)}\n"
    )
    vkeys = both.log_vkeys(ORIGIN)
    assert len(vkeys) == 2
    for signers, signed in (((LOG, second), vkeys), ((second,), vkeys[1:])):
        found = verify_cosigned(sign_checkpoint(HEAD, *signers), both)
        assert found.log_vkeys == signed
    wrong = SignatureLine(ORIGIN, vkeys[1].key_id, b"x" * 64)
    with pytest.raises(SignatureError):
        verify_cosigned(with_lines(wrong), both)


@given(st.data())
def test_any_changed_byte_of_a_cosigned_note_is_found(data: st.DataObject) -> None:
    exact = parse_policy(text_of("g", "group g all north south"))
    whole = with_lines(line("north"), line("south"))
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[place]))
    with pytest.raises(EvidenceError):
        verify_cosigned(whole[:place] + bytes([byte]) + whole[place + 1 :], exact)


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_malformed(text: str) -> None:
    try:
        found = parse_policy(text)
    except MalformedError:
        return
    assert parse_policy(str(found)) == found


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_malformed(data: bytes) -> None:
    try:
        parse_policy(data)
    except MalformedError:
        return


def test_witness_keys_print_and_parse_to_themselves() -> None:
    for name in NAMES:
        assert parse_vkey(str(vkey(name))) == vkey(name)

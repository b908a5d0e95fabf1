"""Make a ledger home, and open the parts of one.

A home is built beside its place and moved in whole, ``mlledger.toml`` last: a home
with that file is complete, and one without it is none.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import __version__, clock
from ledger.config import (
    FILE_NAME,
    Config,
    KafkaConfig,
    LogConfig,
    ProducerConfig,
    SealConfig,
    format_config,
    kafka_of_variables,
    load_config,
)
from ledger.errors import ConfigurationError, ConflictError
from ledger.log import CONTROL

if TYPE_CHECKING:
    from ledger.emitter import Emitter
    from ledger.keys import Ed25519Signer
    from ledger.log import Log

# A development broker may keep its data in a home before there is a ledger.
BEFORE_INIT = {"kafka"}
NAME_PATTERN = r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class Initialised:
    """The home that :func:`initialise` leaves behind.

    Attributes:
        config: its settings, ledger id included.
        created: False when the ledger was there already.
    """

    config: Config
    created: bool


def initialise(
    home: Path,
    *,
    name: str | None = None,
    log: LogConfig | None = None,
    identity: str = "service:local",
    roots: int = 1,
    threshold: int = 1,
) -> Initialised:
    """Make a ledger: keys, genesis, schemas, first seal, configuration.

    Safe to run again: an existing ledger is returned as it is.

    Args:
        home: folder of the ledger; need not exist.
        name: DNS-like ledger name, at most 63 characters; None makes a unique one.
        log: which log carries it; the embedded one by default.
        identity: identity of the first producer, whose key is made as well.
        roots: how many root keys are made, 1 or more: ``root.key``, ``root-2.key`` ….
        threshold: how many of them must agree, 1 to ``roots``.

    Raises:
        ConflictError: the home holds another ledger than the one that is asked for,
            or files that are in the way.
        ConfigurationError: the name or the log's settings are not usable.
        LogUnavailableError: the log is away; nothing was made.
    """
    home = home.absolute()
    if (home / FILE_NAME).is_file():
        return Initialised(_same(load_config(home), name, log), created=False)
    if not 1 <= threshold <= roots:
        raise ConfigurationError(f"{threshold} of {roots} roots cannot be")
    _refuse_foreign(home)
    wanted = _blank(home, name, log or LogConfig(), identity)
    nest = home.with_name(f"{home.name}.making-{clock.random_bytes(4).hex()}")
    try:
        made = _build(replace(wanted, home=nest), roots, threshold)
        _move_in(nest, home)
    finally:
        shutil.rmtree(nest, ignore_errors=True)
    return Initialised(replace(made, home=home), created=True)


def open_emitter(
    config: Config, *, identity: str | None = None, mode: str | None = None
) -> Emitter:
    """Return an emitter that signs as an identity of this home.

    Raises:
        ConfigurationError: the home has no key for that identity.
    """
    from ledger.emitter import Emitter
    from ledger.keys import load_signer

    who = identity or config.producer.identity
    signer = load_signer(key_uri(config, who), base=config.home)
    chosen = mode or config.producer.mode
    return Emitter(config, identity=who, signer=signer, mode=chosen)


def key_uri(config: Config, identity: str) -> str:
    """Return the URI of the key that an identity of this home signs with.

    Raises:
        ConfigurationError: the home has no key for that identity.
    """
    uri = config.identities.get(identity)
    if uri is None and identity == config.producer.identity:
        uri = config.producer.key
    if uri is None:
        raise ConfigurationError(
            f"{identity}: no key for that identity in {config.home / FILE_NAME}",
            hint=f"make one with: mlledger key new {identity}; mlledger worker --once",
        )
    return uri


def add_identity(config: Config, identity: str, uri: str) -> Config:
    """Write an identity's key URI into ``mlledger.toml``; returns the new settings."""
    written = load_config(config.home)
    changed, is_producer = written, identity == written.producer.identity
    if is_producer:
        changed = replace(written, producer=replace(written.producer, key=uri))
    if not is_producer or identity in written.identities:
        known = {**written.identities, identity: uri}
        changed = replace(changed, identities=known)
    path = config.home / FILE_NAME
    _write_whole(path, format_config(changed))
    return changed


def _refuse_foreign(home: Path) -> None:
    """Refuse a folder that holds other things: the home ignores itself in git whole."""
    if home.exists() and not home.is_dir():
        raise ConflictError(f"{home}: is a file", hint="choose a folder with --home")
    names = {child.name for child in home.iterdir()} if home.is_dir() else set[str]()
    if others := sorted(names - BEFORE_INIT):
        raise ConflictError(
            f"{home}: holds other things, such as {others[0]}",
            hint="choose an empty folder with --home or MLLEDGER_HOME",
        )


def _same(config: Config, name: str | None, log: LogConfig | None) -> Config:
    if name is not None and name != config.name:
        raise ConflictError(f"{config.home}: holds the ledger {config.name}")
    if log is not None and log.kind != config.log.kind:
        raise ConflictError(
            f"{config.home}: its log is {config.log.kind}, not {log.kind}",
            hint="choose another folder with --home or MLLEDGER_HOME",
        )
    return config


def _blank(home: Path, name: str | None, log: LogConfig, identity: str) -> Config:
    import re

    chosen = name if name is not None else f"ledger-{clock.random_bytes(6).hex()}"
    if not re.fullmatch(NAME_PATTERN, chosen):
        raise ConfigurationError(
            f"{chosen!r}: not a ledger name",
            hint="lower-case letters, digits, dots and hyphens, at most 63",
        )
    if log.kind == "kafka" and not log.bootstrap:
        raise ConfigurationError(
            "a Kafka log needs its address", hint="--bootstrap HOST:PORT"
        )
    return Config(
        home=home,
        kafka=kafka_of_variables() if log.kind == "kafka" else KafkaConfig(),
        name=chosen,
        log=log,
        producer=ProducerConfig(identity=identity),
        seal=SealConfig(state="postgres" if log.kind == "kafka" else "sqlite"),
    )


def _build(config: Config, roots: int, threshold: int) -> Config:
    from ledger.log import open_log

    _make_folders(config)
    signers = _make_keys(config, roots)
    log = open_log(config, create=True)
    try:
        values = _first_entries(config, signers, threshold)
        for value in values:
            log.append(CONTROL, value)
        config = replace(config, ledger_id=_ledger_id(values[0]))
        if config.seal.state == "sqlite":
            _first_seal(config, log)
    finally:
        log.close()
    _write_whole(config.home / FILE_NAME, format_config(config))
    return config


def _make_folders(config: Config) -> None:
    config.home.mkdir(parents=True, mode=0o700)
    for folder in (config.keys, config.journal, config.blobs, config.public):
        folder.mkdir(mode=0o700)
    (config.home / ".gitignore").write_text("*\n", encoding="utf-8")


def _make_keys(config: Config, roots: int) -> dict[str, Ed25519Signer]:
    from ledger.keys import Ed25519Signer, write_key

    further = [f"root-{number}" for number in range(2, roots + 1)]
    logs = [f"log-{origin.rsplit('/', 1)[1]}" for origin in config.origins]
    signers: dict[str, Ed25519Signer] = {}
    for name in ("root", *further, "operator", "producer", *logs):
        signers[name] = Ed25519Signer.generate()
        write_key(config.keys / f"{name}.key", signers[name])
    return signers


def _first_entries(
    config: Config, signers: dict[str, Ed25519Signer], threshold: int
) -> Sequence[bytes]:
    from ledger import genesis
    from ledger.note import log_vkey

    vkeys = [
        log_vkey(origin, signers[f"log-{origin.rsplit('/', 1)[1]}"].public_key)
        for origin in config.origins
    ]
    first = genesis.genesis_entry(
        name=config.name,
        origins=config.origins,
        root_signer=signers["root"],
        other_roots=[k.public_key for n, k in signers.items() if n.startswith("root-")],
        threshold=threshold,
        log_vkeys=[str(vkey) for vkey in vkeys],
        operator_public_key=signers["operator"].public_key,
        software="mlledger",
        version=__version__,
    )
    rest = genesis.operator_entries(
        name=config.name,
        operator_signer=signers["operator"],
        producers=[(config.producer.identity, signers["producer"].public_key)],
        software="mlledger",
        version=__version__,
    )
    return [first, *rest]


def _ledger_id(genesis_value: bytes) -> bytes:
    from ledger.entry import parse_entry

    return sha256(parse_entry(genesis_value).header_bytes).digest()


def _first_seal(config: Config, log: Log) -> None:
    from ledger.seal import open_state, seal_all

    state = open_state(config)
    try:
        seal_all(config, log, state)
    finally:
        state.close()


def _move_in(nest: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    names = sorted(child.name for child in nest.iterdir())
    names.remove(FILE_NAME)
    for name in [*names, FILE_NAME]:
        target = home / name
        if target.exists():
            raise ConflictError(
                f"{target}: is in the way of a new ledger",
                hint="choose an empty folder with --home or MLLEDGER_HOME",
            )
    for name in [*names, FILE_NAME]:
        (nest / name).rename(home / name)
    home.chmod(0o700)


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.chmod(0o600)
    part.replace(path)

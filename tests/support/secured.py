"""A broker's further listeners with TLS and SCRAM, certificates, users, access rights.

Who comes over the plain listener of a test broker is ``User:ANONYMOUS``, a super user;
over the others only what an access control list allows is allowed.
"""

# pyright: reportAttributeAccessIssue=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)

from ledger.config import Config
from ledger.kafka_settings import KafkaConfig
from ledger.log.kafka_client import connected
from tests.support.kafka import kafka_config

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from kafka import KafkaAdminClient

    from ledger.broker_rights import Right

_HOST = "127.0.0.1"
_DAY = timedelta(days=1)
# Members of the newer protocols are assigned what they read with a heartbeat.
_QUICK = {
    f"group.{kind}.{least}heartbeat.interval.ms": "500"
    for kind in ("consumer", "share")
    for least in ("", "min.")
}
_LISTENERS = {"SCRAM": "SASL_SSL", "MUTUAL": "SSL", "EXPIRED": "SSL"}


@dataclass(frozen=True)
class Secured:
    """A running broker and what its clients need.

    Attributes:
        bootstrap: of the plain listener, where everything is allowed.
        folder: holds ``ca.pem``, ``stranger.pem``, and PEM files of clients.
        ports: by the name of the listener.
    """

    bootstrap: str
    folder: Path
    ports: Mapping[str, int]

    def at(self, listener: str, host: str = _HOST) -> str:
        """Return ``host:port`` of a listener."""
        return f"{host}:{self.ports[listener]}"

    def config(self, listener: str, kafka: KafkaConfig, name: str = "") -> Config:
        """Return the configuration of a ledger whose clients use a listener."""
        found = kafka_config(
            self.at(listener), partitions=1, bootstrap_timeout_ms=30_000
        )
        return replace(found, home=self.folder, name=name or found.name, kafka=kafka)

    def scram(self, user: str, name: str = "", *, password: str = "") -> Config:
        """Return the configuration of a user with the password ``<user>-secret``.

        Args:
            user: has been made with :meth:`add_user`.
            name: of the ledger.
            password: what its password file is to hold instead.
        """
        file = self.folder / f"{user}.password"
        file.write_text(password or f"{user}-secret\n", "utf-8")
        file.chmod(0o600)
        kafka = KafkaConfig(
            protocol="SASL_SSL",
            ca="ca.pem",
            username=user,
            password=f"file:{file.name}",
        )
        return self.config("SCRAM", kafka, name)

    @contextmanager
    def admin(self) -> Generator[KafkaAdminClient]:
        """Give a client that may do anything."""
        with connected(kafka_config(self.bootstrap)) as admin:
            yield admin

    def add_users(self, users: Iterable[str]) -> None:
        """Make users, each with the password ``<user>-secret``."""
        wanted = [
            UserScramCredentialUpsertion(user, "SCRAM-SHA-512", f"{user}-secret")
            for user in users
        ]
        with self.admin() as admin:
            done = admin.alter_user_scram_credentials(wanted)
            assert not any(done.values())
            asked = admin.describe_user_scram_credentials
            _until(lambda: not any(one["error"] for one in asked(list(done)).values()))

    def allow(self, principal: str, rights: Iterable[Right]) -> None:
        """Allow a principal what these rights say."""
        lists = list(dict.fromkeys(_acl(principal, right) for right in rights))
        with self.admin() as admin:
            assert not admin.create_acls(lists)["failed"]
            _until(
                lambda: len(admin.describe_acls(_all_of(principal))[0]) >= len(lists)
            )

    def forbid(self, principal: str) -> None:
        """Take every right from a principal."""
        with self.admin() as admin:
            admin.delete_acls([_all_of(principal)])
            _until(lambda: not admin.describe_acls(_all_of(principal))[0])


def _all_of(principal: str) -> ACLFilter:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(principal, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)


def _until(is_so: Callable[[], bool]) -> None:
    """Wait for what the controller has taken to reach the broker: moments."""
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def _acl(principal: str, right: Right) -> ACL:
    pattern = ResourcePattern(
        ResourceType[right.resource.upper()],
        right.name,
        ACLResourcePatternType[right.pattern.upper()],
    )
    operation = ACLOperation[right.operation.upper()]
    return ACL(principal, "*", operation, ACLPermissionType.ALLOW, pattern)


def prepare(folder: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Make certificates; return a broker's settings for them, and its further ports."""
    ca = Issuer("test authority")
    (folder / "ca.pem").write_bytes(ca.pem)
    (folder / "stranger.pem").write_bytes(Issuer("stranger").pem)
    ca.issue(folder / "broker.pem", "broker", address=_HOST)
    ca.issue(folder / "expired.pem", "broker", address=_HOST, days=(-9, -1))
    ca.issue(folder / "emitter.pem", "emitter")
    ca.issue(folder / "late.pem", "late", days=(-9, -1))
    Issuer("stranger").issue(folder / "foreign.pem", "emitter")
    ports = _free_ports()
    places = ",".join(f"{name}://{_HOST}:{port}" for name, port in ports.items())
    settings = {
        "listeners": places,
        "advertised.listeners": places,
        "listener.security.protocol.map": ",".join(
            f"{name}:{protocol}" for name, protocol in _LISTENERS.items()
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer."
        "StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.scram.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.expired.ssl.keystore.location": str(folder / "expired.pem"),
        **_QUICK,
    }
    return settings, ports


def _free_ports() -> dict[str, int]:
    with ExitStack() as stack:
        held = {name: stack.enter_context(socket.socket()) for name in _LISTENERS}
        for one in held.values():
            one.bind((_HOST, 0))
        return {name: int(one.getsockname()[1]) for name, one in held.items()}


class Issuer:
    """A certificate authority of its own."""

    def __init__(self, common: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(common)
        built = _builder(self._name, self._name, self._key, (-1, 1)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.pem = built.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def issue(
        self,
        path: Path,
        common: str,
        *,
        address: str = "",
        days: tuple[int, int] = (-1, 1),
    ) -> None:
        """Write a private key and its certificate into one PEM file (0600).

        Args:
            path: of the file.
            common: common name of whom it is for.
            address: the address of a server, or empty.
            days: first and last day of its validity, from today.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        built = _builder(_name(common), self._name, key, days)
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            built = built.add_extension(names, critical=False)
        made = built.sign(self._key, hashes.SHA256())
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + made.public_bytes(Encoding.PEM)
            + self.pem
        )
        path.chmod(0o600)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    days: tuple[int, int],
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * _DAY)
        .not_valid_after(now + days[1] * _DAY)
    )

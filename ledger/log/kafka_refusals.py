"""Why a broker and a client do not come together; other than that a broker is away.

kafka-python tries again until its time is over and then says only that it could not
bootstrap. The manager of connections here remembers what each broker's connection ended
with, and gives up at once when no broker is left that did not refuse.

================================================  ==================================
what happened                                     error
================================================  ==================================
user or password not accepted                     not authorised, exit 9
client certificate refused, or none shown         not authorised, exit 9
the broker's certificate: stranger's, other host  configuration, exit 3
no TLS there, mechanism not offered               configuration, exit 3
the broker's certificate has expired              log away, exit 8
================================================  ==================================
"""

# pyright: basic, reportAttributeAccessIssue=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from kafka import errors as kafka_errors
from kafka.net.inet import create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from ledger.errors import (
    ConfigurationError,
    LedgerError,
    LogUnavailableError,
    NotAuthorisedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.config import Config

# Numbers of OpenSSL's X509_V_ERR_…, from its x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_HUNG_UP = "socket disconnected"  # kafka-python's words
_ALERTS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


class RefusedError(kafka_errors.KafkaError):
    """A connection that cannot come about as things are.

    Attributes:
        known: the same as an error of this package.
    """

    def __init__(self, known: LedgerError) -> None:
        super().__init__(str(known))
        self.known = known


class AwayError(kafka_errors.KafkaTimeoutError):
    """No broker answered in time.

    Attributes:
        hint: what may be wrong besides, or an empty text.
    """

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.hint = hint


class _Hearing:
    """A transport that hands on what came before the end of a connection."""

    def _sock_recv(self) -> tuple[bytes, BaseException | None]:
        data, error = super()._sock_recv()  # type: ignore[misc]
        return data, None if data else error  # the next call finds the end again


class _TlsTransport(_Hearing, KafkaSSLTransport):
    pass


class _PlainTransport(_Hearing, KafkaTCPTransport):
    pass


class WatchfulManager(KafkaConnectionManager):
    """Connections of a client, and what those that failed ended with.

    Two things of kafka-python 3.0.12 are mended: it drops what a broker said last when
    the end of the connection comes with it, which is how a broker answers to a wrong
    password; and it leaves a socket open after a TLS handshake that failed.

    Args:
        net: the client's event loop.
        ledger: says what the user and its certificate are called.
        configs: as of the base class.
    """

    def __init__(self, net: Any, *, ledger: Config, **configs: Any) -> None:
        self._ledger = ledger
        self._refusals: dict[object, LedgerError] = {}
        self._last: BaseException | None = None
        super().__init__(net, **configs)

    def get_connection(self, node_id: object, *arguments: Any, **named: Any) -> Any:
        """Connect; while bootstrapping not again once all brokers have refused."""
        if not self.bootstrapped and (refusal := self.refusal) is not None:
            raise RefusedError(refusal)
        connection = super().get_connection(node_id, *arguments, **named)
        if not connection.init_future.is_done:
            connection.init_future.add_both(lambda end: self._note(node_id, end))
            connection.close_future.add_errback(self._ended)
        return connection

    @property
    def refusal(self) -> LedgerError | None:
        """Why no broker takes this client, or None while one may."""
        found = list(self._refusals.values())
        for one in found:
            if isinstance(one, NotAuthorisedError):
                return one  # every broker knows the same users; asking on may lock one
        asked = {broker.node_id for broker in self.cluster.bootstrap_brokers()}
        return found[0] if found and asked <= set(self._refusals) else None

    def failure(self, error: Exception) -> Exception:
        """Return why there is no connection, as far as that is known.

        Args:
            error: what kafka-python says.
        """
        if self.refusal is not None:
            return RefusedError(self.refusal)
        if self._last is None or not isinstance(error, kafka_errors.KafkaTimeoutError):
            return error
        hint = ""
        if _is_another_protocol(self._last):
            protocol = self.config["security_protocol"]
            hint = f"is {protocol} what that port speaks? see [kafka] protocol"
        return AwayError(f"no broker answered: {self._last}", hint)

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        taken = self.config
        sock = await create_connection(
            self._net,
            node.host,
            node.port,
            taken["socket_options"],
            proxy_url=taken["proxy_url"],
            timeout_at=timeout_at,
        )
        kind = _TlsTransport if self.ssl_enabled else _PlainTransport
        of_tls = {key: taken[key] for key in taken if key.startswith("ssl_")}
        transport = kind(
            self._net, sock, host=node.host, **(of_tls if self.ssl_enabled else {})
        )
        try:
            await transport.handshake()
        except Exception as error:
            transport.close()
            raise kafka_errors.KafkaConnectionError(f"Handshake: {error}") from error
        return transport

    def _ended(self, error: BaseException) -> None:
        self._last = error

    def _note(self, node_id: object, end: object) -> None:
        self._refusals.pop(node_id, None)
        if isinstance(end, BaseException):
            self._ended(end)
            known = refusal_of(end, self._ledger)
            if known is not None:
                self._refusals[node_id] = known


def _is_another_protocol(error: BaseException) -> bool:
    """Whether it looks as if TLS met what is none, or the other way about."""
    kinds = (ssl.SSLError, kafka_errors.InvalidReceiveError)
    return _HUNG_UP in str(error) or any(isinstance(e, kinds) for e in _causes(error))


def refusal_of(error: BaseException, config: Config) -> LedgerError | None:
    """Return what stands between client and broker, or None if that is not known.

    Args:
        error: what a connection ended with.
        config: says what the user and its certificate are called.
    """
    place = config.log.bootstrap
    for cause in _causes(error):
        if isinstance(cause, kafka_errors.SaslAuthenticationFailedError):
            return _of_user(place, config)
        if isinstance(cause, kafka_errors.UnsupportedSaslMechanismError):
            text = f"{place}: the broker does not offer {config.kafka.mechanism}"
            return ConfigurationError(text, hint="set kafka.mechanism as it does")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _of_certificate(place, cause)
        if isinstance(cause, ssl.SSLError):
            return _of_tls(place, cause, config)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from; kafka-python keeps some as arguments."""
    waiting: list[object] = [error]
    seen: list[object] = []
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            waiting += [*one.args, one.__cause__, one.__context__]


def _of_user(place: str, config: Config) -> LedgerError:
    who = f"{config.kafka.username} ({config.kafka.mechanism})"
    return NotAuthorisedError(
        f"{place}: the broker does not accept user {who}: unknown, or another password",
        hint="mend kafka.username or what kafka.password refers to; nothing in the "
        "journal is lost meanwhile",
    )


def _of_certificate(place: str, error: ssl.SSLCertVerificationError) -> LedgerError:
    text = f"{place}: the broker's certificate: {error.verify_message}"
    if error.verify_code in {_EXPIRED, _NOT_YET_VALID}:
        return LogUnavailableError(
            text, hint="the brokers' operator renews it; is the clock here right?"
        )
    if error.verify_code in {_OTHER_HOST, _OTHER_ADDRESS}:
        hint = "name the brokers in log.bootstrap as their certificates do"
    else:
        hint = "kafka.ca names a PEM file of who signs the brokers' certificates"
    return ConfigurationError(text, hint=hint)


def _of_tls(place: str, error: ssl.SSLError, config: Config) -> LedgerError | None:
    reason = str(error.reason or "")
    if "ALERT" in reason and any(word in reason for word in _ALERTS):
        shown = config.kafka.certificate
        what = f"the client certificate {shown}" if shown else "a client without one"
        return NotAuthorisedError(
            f"{place}: the broker refuses {what} ({reason})",
            hint="kafka.certificate and kafka.key: one that is valid today, signed by "
            "whom the brokers trust",
        )
    if reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return ConfigurationError(
            f"{place}: no TLS is spoken there ({reason})",
            hint="mend kafka.protocol, or the port in log.bootstrap",
        )
    return None

"""RFC 3161: a third party's signed word that some bytes existed by a certain time.

A token is kept as the whole answer of the time-stamping authority (TSA), DER of a
TimeStampResp. Its imprint is the SHA-256 of the text it speaks of. Whom to believe is
given from outside, as root certificates; the machine's own list is never asked. What
a certificate is worth is judged at the token's time, so that a token outlives it.

Source: RFC 3161; RFC 5816.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.der_spelling import verify_der
from ledger.errors import (
    ConfigurationError,
    EvidenceError,
    MalformedError,
    SignatureError,
    TimeAuthorityError,
)
from ledger.token_der import check_algorithms, token_time_ms
from ledger.token_http import MAX_TOKEN, post_query

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from cryptography.x509 import Certificate
    from rfc3161_client import Accuracy, TimeStampResponse

_SHA256 = "2.16.840.1.101.3.4.2.1"
_GRANTED = 0


@dataclass(frozen=True, slots=True)
class Attested:
    """What a token says.

    Attributes:
        time_ms: the authority's time, milliseconds since 1970.
        accuracy_ms: how far that may be off to either side; None when it is not said.
        authority: name on the certificate that signed (RFC 4514).
        imprint: SHA-256 of the text, 32 bytes.
    """

    time_ms: int
    accuracy_ms: int | None
    authority: str
    imprint: bytes

    @property
    def not_later_than_ms(self) -> int:
        """The time by which the text existed for certain, by the authority's word.

        Without a stated accuracy a time in whole seconds is good to the second.
        """
        if self.accuracy_ms is not None:
            return self.time_ms + self.accuracy_ms
        return self.time_ms + (0 if self.time_ms % 1_000 else 999)


def request_token(url: str, data: bytes, *, timeout_s: float = 10) -> bytes:
    """Ask an authority for a token over some bytes.

    Only their hash travels. The answer's imprint and nonce are those of the request;
    whether to believe who signed it is for :func:`verify_token`.

    Args:
        url: address of the authority, ``http:`` or ``https:``.
        data: the text, at least one byte.
        timeout_s: how long to wait for an answer, seconds.

    Returns:
        DER of the whole TimeStampResp.

    Raises:
        TimeAuthorityError: the authority is away, refuses, or answers something else.
        ConfigurationError: ``url`` is no such address.

    Source: RFC 3161, sections 2.4 and 3.4.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.cert_request(cert_request=True).nonce(nonce=True).build()
    answer = post_query(url, request.as_bytes(), timeout_s=timeout_s)
    try:
        response = _parse(answer)
        _verify_nonce(response, request.nonce)
        _verify_imprint(_attested(answer, response), data)
    except (MalformedError, SignatureError) as error:
        raise TimeAuthorityError(
            f"{url}: {error}", hint="set another authority: [time] tsa in mlledger.toml"
        ) from error
    return answer


def verify_token(token: bytes, data: bytes, *, roots: Sequence[bytes]) -> Attested:
    """Check who signed a token, and that it speaks of these bytes.

    Args:
        token: DER of a TimeStampResp.
        data: the text that it should speak of.
        roots: certificates that are believed, at least one, PEM or DER.

    Raises:
        MalformedError: it is no granted token in DER with a SHA-256 imprint.
        SignatureError: it speaks of another text, or its signature does not lead to
            one of the roots through certificates valid at the token's time.
        ConfigurationError: a root is no certificate.

    Source: RFC 3161, section 2.3 (the certificate) and appendix B.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    believed = [_certificate(root) for root in roots]
    if not believed:
        raise ConfigurationError(
            "no root certificate to verify a token with", hint="[time] roots"
        )
    response = _parse(token)
    attested = _attested(token, response)
    _verify_imprint(attested, data)
    verifier = VerifierBuilder(roots=believed).build()
    try:
        with _parsing():
            verifier.verify_message(response, data)
    except (VerificationError, MalformedError) as error:
        raise SignatureError(
            f"the token of {attested.authority} does not verify: {_reason(error)}",
            expected=", ".join(root.subject.rfc4514_string() for root in believed),
            actual=attested.authority,
            hint="if the authority was changed, list its former roots as well",
        ) from error
    return attested


def read_imprint(token: bytes) -> Attested:
    """Return what a token says; nobody has been asked whether it is true.

    Raises:
        MalformedError: it is no granted token in DER with a SHA-256 imprint.
    """
    return _attested(token, _parse(token))


def verify_imprint(token: bytes, data: bytes) -> Attested:
    """Check that a token speaks of these bytes, and not who signed it.

    Raises:
        MalformedError: it is no granted token in DER with a SHA-256 imprint.
        SignatureError: it speaks of another text.
    """
    attested = read_imprint(token)
    _verify_imprint(attested, data)
    return attested


def read_roots(path: Path) -> tuple[bytes, ...]:
    """Read root certificates from a PEM file; returns each as DER.

    Raises:
        ConfigurationError: the file is absent, or holds none.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: no root certificates in PEM: {error}",
            hint="[time] roots names the file with the time authority's roots",
        ) from error
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)


def _parse(token: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    if len(token) > MAX_TOKEN:
        raise MalformedError(f"a token of more than {MAX_TOKEN} bytes")
    verify_der(token)
    with _parsing():
        response = decode_timestamp_response(token)
        if response.status != _GRANTED:
            raise MalformedError(f"not granted: PKI status {response.status}")
        versions = {signer.version for signer in response.signed_data.signer_infos}
        if response.signed_data.version != 3 or versions != {1}:
            raise MalformedError("SignedData or its signer of another version")
    check_algorithms(token)
    return response


@contextmanager
def _parsing() -> Generator[None]:
    """Turn what the parsers of foreign bytes raise, whatever it is, into one error."""
    from rfc3161_client import VerificationError

    try:
        yield
    except (EvidenceError, VerificationError):
        raise
    except Exception as error:
        raise MalformedError(f"not a time-stamp token in DER: {error}") from error


def _attested(token: bytes, response: TimeStampResponse) -> Attested:
    with _parsing():
        imprint = response.tst_info.message_imprint
        if imprint.hash_algorithm.dotted_string != _SHA256:
            raise MalformedError("the token's imprint is no SHA-256")
        return Attested(
            time_ms=token_time_ms(token),
            accuracy_ms=_accuracy_ms(response.tst_info.accuracy),
            authority=_signer(response).subject.rfc4514_string(),
            imprint=bytes(imprint.message),
        )


def _accuracy_ms(accuracy: Accuracy | None) -> int | None:
    if accuracy is None:
        return None
    micros = (accuracy.millis or 0) * 1_000 + (accuracy.micros or 0)
    return (accuracy.seconds or 0) * 1_000 + -(-micros // 1_000)


def _signer(response: TimeStampResponse) -> Certificate:
    """Return the certificate that signed, which the token must enclose once."""
    from cryptography import x509

    (info,) = response.signed_data.signer_infos
    enclosed = map(x509.load_der_x509_certificate, response.signed_data.certificates)
    found = [
        certificate
        for certificate in enclosed
        if (certificate.issuer.public_bytes(), certificate.serial_number)
        == (info.issuer.public_bytes(), info.serial_number)
    ]
    if len(found) != 1:
        raise MalformedError(f"{len(found)} certificates of the token's signer")
    return found[0]


def _verify_nonce(response: TimeStampResponse, nonce: int | None) -> None:
    if response.tst_info.nonce != nonce:
        raise MalformedError("the token answers another request")


def _verify_imprint(attested: Attested, data: bytes) -> None:
    wanted = sha256(data).digest()
    if attested.imprint != wanted:
        raise SignatureError(
            "the token speaks of another text",
            expected=wanted.hex(),
            actual=attested.imprint.hex(),
        )


def _certificate(data: bytes) -> Certificate:
    from cryptography import x509

    pem = data.lstrip().startswith(b"-----BEGIN")
    load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
    try:
        return load(data)
    except ValueError as error:
        raise ConfigurationError(f"a root is no certificate: {error}") from error


def _reason(error: Exception) -> str:
    """Return what OpenSSL says, without the numbers around it."""
    text = str(error)
    _, said, rest = text.partition('data: "')
    return rest.partition('"')[0].removeprefix("Verify error: ") if said else text

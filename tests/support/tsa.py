"""A time-stamping authority for tests: real certificates, real RFC 3161 over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
POLICY = "1.3.6.1.4.1.99999.1"


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass
class Authority:
    """A root and the certificate that signs tokens.

    Attributes:
        delay: added to the clock of the tokens.
        mode: ``ok``; ``reject`` answers that it will not; ``other`` stamps another
            text; ``garbage`` answers no DER; ``error`` an HTTP error; ``hang`` says
            nothing until the mode changes.
        served: how many requests were answered.
    """

    label: str = "test"
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,)
    critical: bool = True
    not_before: datetime = field(default_factory=lambda: now() - DAY)
    not_after: datetime = field(default_factory=lambda: now() + DAY)
    accuracy: tuple[int, int] | None = (1, 500)
    delay: timedelta = timedelta(0)
    mode: str = "ok"
    served: int = 0

    def __post_init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        root = name(f"{self.label} root")
        self.root = (
            self._builder(root, root, self.root_key.public_key(), 400 * DAY)
            .serial_number(x509.random_serial_number())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.root_key, hashes.SHA256())
        )
        self.certificate = (
            self._builder(root, name(f"{self.label} tsa"), self.key.public_key())
            .serial_number(x509.random_serial_number())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=False,
                    crl_sign=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.ExtendedKeyUsage(self.usages), critical=self.critical)
            .sign(self.root_key, hashes.SHA256())
        )

    def _builder(
        self,
        issuer: x509.Name,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        longer: timedelta = timedelta(0),
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .issuer_name(issuer)
            .subject_name(subject)
            .public_key(public_key)
            .not_valid_before(self.not_before - longer)
            .not_valid_after(self.not_after + longer)
        )

    @property
    def pem(self) -> bytes:
        """The root certificate."""
        return self.root.public_bytes(Encoding.PEM)

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def double(self) -> bytes:
        """A certificate of the same issuer and number that nobody issued."""
        return (
            self._builder(
                self.root.subject, name("somebody else"), self.key.public_key()
            )
            .serial_number(self.certificate.serial_number)
            .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
            .public_bytes(Encoding.DER)
        )

    def answer(self, request: bytes) -> bytes:
        """Answer a TimeStampReq with a TimeStampResp."""
        asked = tsp.TimeStampReq.load(request, strict=True)
        imprint = asked["message_imprint"]["hashed_message"].native
        nonce = asked["nonce"].native
        return self.respond(imprint, nonce=nonce)

    def stamp(self, data: bytes, **options: object) -> bytes:
        """A token for some data, without the way over HTTP."""
        return self.respond(sha256(data).digest(), **options)

    def respond(
        self,
        imprint: bytes,
        *,
        nonce: int | None = None,
        at: datetime | None = None,
        extra: tuple[bytes, ...] = (),
        algorithm: str = "sha256",
    ) -> bytes:
        """A whole TimeStampResp over an imprint.

        Args:
            imprint: the hash.
            nonce: that of the request.
            at: what the token says the time is.
            extra: further certificates to enclose, DER.
            algorithm: what the token calls the hash.
        """
        if self.mode == "reject":
            refused = tsp.PKIStatusInfo({"status": "rejection"}).dump()
            return b"\x30" + bytes([len(refused)]) + refused
        if self.mode == "other":
            imprint = bytes(32)
        info = self._info(imprint, nonce, at or now() + self.delay, algorithm)
        token = cms.ContentInfo(
            {"content_type": "signed_data", "content": self._signed(info, extra)}
        )
        answer = {"status": {"status": "granted"}, "time_stamp_token": token}
        return tsp.TimeStampResp(answer).dump()

    def _info(
        self, imprint: bytes, nonce: int | None, at: datetime, algorithm: str
    ) -> tsp.TSTInfo:
        info = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {
                "hash_algorithm": {"algorithm": algorithm},
                "hashed_message": imprint,
            },
            "serial_number": x509.random_serial_number(),
            "gen_time": at,
            "nonce": nonce,
        }
        if self.accuracy:
            seconds, millis = self.accuracy
            info["accuracy"] = {"seconds": seconds, "millis": millis}
        return tsp.TSTInfo(info)

    def _signed(self, info: tsp.TSTInfo, extra: tuple[bytes, ...]) -> cms.SignedData:
        content, own = info.dump(), asn1_x509.Certificate.load(self.certificate_der)
        essential = tsp.SigningCertificateV2(
            {"certs": [{"cert_hash": sha256(self.certificate_der).digest()}]}
        )
        attributes = cms.CMSAttributes(
            [
                _attribute("content_type", "tst_info"),
                _attribute("message_digest", sha256(content).digest()),
                _attribute("signing_certificate_v2", essential),
            ]
        )
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    name="issuer_and_serial_number",
                    value={"issuer": own.issuer, "serial_number": own.serial_number},
                ),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": self.key.sign(
                    attributes.dump(), ec.ECDSA(hashes.SHA256())
                ),
            }
        )
        enclosed = [own, *(asn1_x509.Certificate.load(der) for der in extra)]
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "certificates": enclosed,
                "signer_infos": [signer],
            }
        )


def _attribute(kind: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


@dataclass
class Running:
    """An authority that answers at an address."""

    authority: Authority
    url: str


@contextmanager
def serving(authority: Authority) -> Iterator[Running]:
    """Serve an authority on localhost."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            authority.served += 1
            while authority.mode == "hang":
                time.sleep(0.01)
            if authority.mode == "error":
                self.send_error(503)
                return
            garbage = authority.mode == "garbage"
            data = b"not DER" if garbage else authority.answer(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Running(authority, f"http://127.0.0.1:{server.server_port}/tsr")
    finally:
        if authority.mode == "hang":
            authority.mode = "error"
        server.shutdown()
        server.server_close()
        thread.join()

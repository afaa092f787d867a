"""What an authority or a thief of its key can make: certificates of any time, log entries, bundles of both.

Sources: RFC 6962 (certificate transparency), RFC 3161 (timestamps), Rekor's hashedrekord 0.0.1, C2SP tlog-checkpoint.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from helpers.wrappers.cosign.sigstore import Sigstore

_SHA256 = ec.ECDSA(hashes.SHA256())
_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def text(content: bytes) -> str:
    """Return base64."""
    return base64.b64encode(content).decode()


def der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


@dataclass(frozen=True)
class Log:
    """A log of one entry, with its own key: of certificates, or of signatures."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def id(self) -> bytes:
        return hashlib.sha256(der(self.key)).digest()

    def write(self, path: Path) -> Path:
        """Write the public key."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        path.write_bytes(self.key.public_key().public_bytes(serialization.Encoding.PEM, form))
        return path

    def scts(self, issuer: x509.Certificate, precert: bytes, at: dt.datetime) -> bytes:
        """Return the certificate extension that says the log took a certificate."""
        head = bytes([0]) + self.id + int(at.timestamp() * 1000).to_bytes(8)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        spki = issuer.public_key().public_bytes(serialization.Encoding.DER, form)
        entry = b"\0\1" + hashlib.sha256(spki).digest() + len(precert).to_bytes(3) + precert + b"\0\0"
        # The log's id is no part of what is signed.
        signature = self.key.sign(bytes([0, 0]) + head[33:] + entry, _SHA256)
        sct = head + b"\0\0" + b"\4\3" + len(signature).to_bytes(2) + signature
        listed = (len(sct) + 2).to_bytes(2) + len(sct).to_bytes(2) + sct
        assert len(listed) < 128
        return b"\4" + len(listed).to_bytes(1) + listed

    def entry(self, digest: bytes, signature: bytes, cert: bytes, at: dt.datetime) -> dict[str, Any]:
        """Return the log's entry of a signature, as a bundle holds it."""
        pem = x509.load_der_x509_certificate(cert).public_bytes(serialization.Encoding.PEM)
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
            "signature": {"content": text(signature), "publicKey": {"content": text(pem)}},
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec})
        when, root = int(at.timestamp()), hashlib.sha256(b"\0" + body).digest()
        promise = {"body": text(body), "integratedTime": when, "logID": self.id.hex(), "logIndex": 0}
        note = f"log.acme.test - 1\n1\n{text(root)}\n"
        signed = text(self.id[:4] + self.key.sign(note.encode(), _SHA256))
        return {
            "logIndex": "0",
            "logId": {"keyId": text(self.id)},
            "integratedTime": str(when),
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "canonicalizedBody": text(body),
            "inclusionPromise": {"signedEntryTimestamp": text(self.key.sign(_canonical(promise), _SHA256))},
            "inclusionProof": {
                "logIndex": "0",
                "treeSize": "1",
                "rootHash": text(root),
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n— log.acme.test {signed}\n"},
            },
        }


@dataclass(frozen=True)
class Signer:
    """A key with a certificate of Fulcio's; *scts* is the log of certificates, None when the log never saw it."""

    site: Sigstore
    identity: str
    begin: dt.datetime
    end: dt.datetime
    scts: Log | None = None
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def certificate(self) -> bytes:
        """Return a certificate, made with Fulcio's own key."""
        keys = self.site.folder / "keys"
        signer = serialization.load_pem_private_key(
            (keys / "fulcio.key").read_bytes(), (keys / "fulcio.password").read_bytes()
        )
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        root = x509.load_pem_x509_certificate(self.site.fulcio_chain.read_bytes())
        issuer = self.site.issuer(self.identity).encode()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(root.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begin)
            .not_valid_after(self.end)
            .add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(self.identity)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER, bytes([12, len(issuer)]) + issuer), critical=False)
        )
        if self.scts is not None:
            precert = builder.sign(signer, hashes.SHA256()).tbs_certificate_bytes
            listed = self.scts.scts(root, precert, self.begin)
            builder = builder.add_extension(x509.UnrecognizedExtension(_SCTS, listed), critical=False)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def bundle(self, content: bytes, *, log: Log | None = None, timestamp: bool = True) -> str:
        """Return the bundle of a signature made now; *log* is of signatures, None when the log never saw it."""
        cert, digest = self.certificate(), hashlib.sha256(content).digest()
        signature = self.key.sign(content, _SHA256)
        message = {"messageDigest": {"algorithm": "SHA2_256", "digest": text(digest)}, "signature": text(signature)}
        entries = [] if log is None else [log.entry(digest, signature, cert, dt.datetime.now(dt.UTC))]
        return self._bundle(cert, signature, entries, timestamp, {"messageSignature": message})

    def image_bundle(self, reference: str) -> str:
        """Return the bundle of an image's signature made now."""
        digest = {"sha256": reference.rpartition(":")[2]}
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": digest}],
            "predicateType": "https://sigstore.dev/cosign/sign/v1",
            "predicate": {},
        }
        kind, payload = b"application/vnd.in-toto+json", _canonical(statement)
        # DSSE, protocol.md: the pre-authentication encoding.
        signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        signature = self.key.sign(signed, _SHA256)
        envelope = {"payloadType": kind.decode(), "payload": text(payload), "signatures": [{"sig": text(signature)}]}
        return self._bundle(self.certificate(), signature, [], True, {"dsseEnvelope": envelope})

    def _bundle(
        self, cert: bytes, signature: bytes, entries: list[dict[str, Any]], timestamp: bool, content: dict[str, Any]
    ) -> str:
        material: dict[str, Any] = {"certificate": {"rawBytes": text(cert)}, "tlogEntries": entries}
        if timestamp:
            stamp = {"signedTimestamp": text(stamped(self.site, signature))}
            material["timestampVerificationData"] = {"rfc3161Timestamps": [stamp]}
        kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
        return json.dumps({"mediaType": kind, "verificationMaterial": material, **content})


def stamped(site: Sigstore, signature: bytes) -> bytes:
    """Return the timestamp that the authority gives now to anybody who asks."""
    # An RFC 3161 request: version 1, SHA-256 of the signature, with certificates.
    asked = bytes.fromhex("30390201013031300d060960864801650304020105000420")
    asked += hashlib.sha256(signature).digest() + bytes.fromhex("0101ff")
    kind = {"Content-Type": "application/timestamp-query"}
    answer = requests.post(site.tsa, data=asked, headers=kind, timeout=180)
    answer.raise_for_status()
    return answer.content


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

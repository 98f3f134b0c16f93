"""The signature of messages, which subscribers verify with the certificate that the endpoint serves.

Source: SNS developer guide, "Verifying the signatures of Amazon SNS messages": RSA with SHA-1 in version 1, SHA-256 in 2.
"""

import base64
import datetime
import threading
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from core import clock
from topics.messages import signed_text
from topics.models import SigningKey

CERTIFICATE_PATH = "/_sns/certificate.pem"
_YEARS = 10
_lock = threading.Lock()
_kept: list[tuple[SigningKey, Any]] = []  # the row and its private key, once it is known to be committed


def sign(document: Mapping[str, Any]) -> str:
    """The signature of a document, in base 64, by its own ``SignatureVersion``."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = hashes.SHA256() if document.get("SignatureVersion") == "2" else hashes.SHA1()  # noqa: S303 (AWS's version 1)
    _, key = _known()
    return base64.b64encode(key.sign(signed_text(document), padding.PKCS1v15(), digest)).decode()


def certificate() -> str:
    """The certificate of this server's key, in PEM."""
    row, _ = _known()
    return row.certificate_pem


def forget() -> None:
    """Read the key again at the next signature: for tests, whose databases come and go."""
    with _lock:
        _kept.clear()


def _known() -> tuple[SigningKey, Any]:
    """The row and its key, read once in a process. It is kept when the transaction that read it has committed: the row
    may have been made in it, and a transaction may be taken back.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    with _lock:
        if _kept:
            return _kept[0]
    row = _row()
    found = row, load_pem_private_key(row.private_pem.encode(), password=None)
    transaction.on_commit(lambda: _keep(found))
    return found


def _keep(found: tuple[SigningKey, Any]) -> None:
    with _lock:
        _kept[:] = [found]


def _row() -> SigningKey:
    """The one key of this server; made by whoever needs it first."""
    found = SigningKey.objects.filter(pk=1).first()
    if found is not None:
        return found
    private, public = _make()
    try:
        with transaction.atomic():
            return SigningKey.objects.create(pk=1, private_pem=private, certificate_pem=public)
    except IntegrityError:  # somebody else was first
        return SigningKey.objects.get(pk=1)


def _make() -> tuple[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "sns.pupitre")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), made.public_bytes(serialization.Encoding.PEM).decode()

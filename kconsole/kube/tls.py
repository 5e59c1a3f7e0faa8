"""TLS as kubectl does it: whom to trust, which certificate to show.

Key material touches the disk only while OpenSSL reads it, in a file that only its owner can open.
"""

from __future__ import annotations

import binascii
import ssl
import tempfile
from base64 import b64decode
from datetime import datetime
from pathlib import Path

import msgspec

from kconsole.i18n import _
from kconsole.kube.errors import ConfigProblem


class ClientCertificate(msgspec.Struct, frozen=True):
    """A certificate with its chain, and its key; both PEM."""

    certificate: bytes
    key: bytes


def pem(what: str, path: str | None, data: str | None) -> bytes | None:
    """The content of a kubeconfig's `…-data` (base64), or else of the file beside it; None without either.

    `what` names the field in the error. Raises ConfigProblem.
    """
    if data:
        try:
            return b64decode(data, validate=False)
        except (binascii.Error, ValueError):
            text = _("{field} in the kubeconfig is not valid base64. Copy the kubeconfig again.")
            raise ConfigProblem(text.format(field=f"{what}-data")) from None
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        text = _("{path}, named as {field} in the kubeconfig, cannot be read: {problem}.")
        raise ConfigProblem(text.format(path=path, field=what, problem=problem.strerror)) from None


def client_context(
    authority: bytes | None, certificate: ClientCertificate | None, *, insecure: bool = False
) -> ssl.SSLContext:
    """How to speak to a server: trusting `authority` (PEM; None is the system's store), showing `certificate`.

    Blocks for some milliseconds. Raises ConfigProblem for material OpenSSL cannot use.
    """
    made = _trusting(authority)
    # Python 3.13 rejects certificates that Go and every older Python accept, and a cluster's CA is not ours to renew.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # As in Go, whatever stands in the CA file is trusted, be it self-signed or not.
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        _show(made, certificate)
    return made


def _trusting(authority: bytes | None) -> ssl.SSLContext:
    if authority is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=authority.decode("ascii"))
    except (ssl.SSLError, ValueError):
        text = _("The certificate authority in the kubeconfig is not a PEM certificate. Copy the kubeconfig again.")
        raise ConfigProblem(text) from None


def _show(made: ssl.SSLContext, certificate: ClientCertificate) -> None:
    def no_password() -> str:
        # Without this OpenSSL would ask on the terminal, over the console's screen.
        text = _("The client key in the kubeconfig is encrypted, which kubectl does not support either.")
        raise ConfigProblem(text)

    with tempfile.NamedTemporaryFile(prefix="kconsole-") as file:
        file.write(certificate.certificate + b"\n" + certificate.key)
        file.flush()
        try:
            made.load_cert_chain(file.name, password=no_password)
        except (ssl.SSLError, ValueError):
            text = _("The client certificate and key in the kubeconfig cannot be used: no PEM, or not a pair.")
            raise ConfigProblem(text) from None


def not_after(certificate: bytes) -> datetime | None:
    """When the first certificate of a PEM chain ends; None when it cannot be read."""
    from cryptography import x509  # 0.2 s, and seldom needed

    try:
        return x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    except ValueError:
        return None

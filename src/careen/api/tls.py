"""TLS material of a server at home: its own CA and certificate, made at first start (RFC 5280)."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from careen.errors import Invalid

_CA_LIFETIME = timedelta(days=3650)
_LIFETIME = timedelta(days=825)  # the longest that Apple's clients accept
_RENEWAL = timedelta(days=30)  # before the end
_SKEW = timedelta(hours=1)  # between the clocks of server and client
_OWN_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Material:
    ca: Path | None  # what clients must trust; None: whoever signed the user's own certificate
    certificate: Path  # PEM, the leaf first
    key: Path


@dataclass(frozen=True, slots=True)
class _Signer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure(folder: Path, names: Iterable[str], *, now: datetime | None = None) -> Material:
    """The server's material in `folder`, made or renewed where need be.

    `names` are DNS names and addresses beside localhost and this host's name. A user's own `cert.pem` and
    `key.pem` in the folder replace the certificate that careen makes. Raises Invalid when one is missing,
    a file is not what it should be, or a name is none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = Material(None, folder / "cert.pem", folder / "key.pem")
    if own.certificate.exists() or own.key.exists():
        return _checked(own)
    moment = now or datetime.now(UTC)
    wanted = _alternative_names(dict.fromkeys((*_OWN_NAMES, socket.gethostname(), *names)))
    made = Material(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    try:
        signer = _ensure_ca(folder / "ca.pem", folder / "ca.key", moment)
        if not _is_good(made, signer, wanted, moment):
            _make_leaf(made, signer, wanted, moment)
    except ValueError as error:
        raise Invalid(
            f"A file in {folder} is damaged; without them careen makes new ones: {error}"
        ) from error
    return made


def _checked(own: Material) -> Material:
    try:
        certificate = x509.load_pem_x509_certificate(own.certificate.read_bytes())
        key = serialization.load_pem_private_key(own.key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:  # TypeError: the key has a password
        raise Invalid(
            f"{own.certificate} and {own.key} must be a certificate and its key: {error}"
        ) from error
    if certificate.public_key() != key.public_key():
        raise Invalid(f"{own.key} is not the key of {own.certificate}")
    return own


def _ensure_ca(path: Path, key_path: Path, now: datetime) -> _Signer:
    if path.exists() and key_path.exists():
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        if certificate.not_valid_after_utc > now + _LIFETIME:
            return _Signer(certificate, _load_key(key_path))
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("careen's own CA")
    certificate = (
        _builder(name, name, key.public_key(), now, _CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    _write(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return _Signer(certificate, key)


def _is_good(made: Material, signer: _Signer, names: x509.SubjectAlternativeName, now: datetime) -> bool:
    """Whether the certificate there is ours, for these names, and far from its end."""
    if not (made.certificate.exists() and made.key.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        said == names
        and certificate.not_valid_after_utc > now + _RENEWAL
        and certificate.public_key() == _load_key(made.key).public_key()
        and certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        == x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    )


def _make_leaf(made: Material, signer: _Signer, names: x509.SubjectAlternativeName, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    certificate = (
        _builder(_name("careen"), signer.certificate.subject, key.public_key(), now, _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer.key, hashes.SHA256())
    )
    _write_key(made.key, key)
    _write(made.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now - _SKEW + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(names: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_alternative_name(name) for name in names])


def _alternative_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError as error:
        raise Invalid(f"{name!r} is neither an address nor a DNS name in ASCII") from error


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path.name} is not a key that careen made")  # noqa: TRY004 - the file is at fault
    return key


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, pem, 0o600)


def _write(path: Path, data: bytes, mode: int) -> None:
    """All or nothing, and never readable by others for a moment."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

"""TLS material: made once, kept, renewed when it must be, and replaced by the user's own."""

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from careen.api import tls
from careen.errors import Invalid


def leaf(material: tls.Material) -> x509.Certificate:
    return x509.load_pem_x509_certificate(material.certificate.read_bytes())


def names(material: tls.Material) -> list[str]:
    said = leaf(material).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = said.get_values_for_type(x509.IPAddress)
    return [*said.get_values_for_type(x509.DNSName), *map(str, addresses)]


def handshake(material: tls.Material, name: str) -> None:
    """A client that trusts the CA talks to a server that has the certificate; raises ssl.SSLError."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(material.certificate, material.key)
    client_context = ssl.create_default_context(cafile=material.ca)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    waiting = [client, server]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)


def test_clients_that_trust_the_ca_trust_every_name(tmp_path: Path) -> None:
    material = tls.ensure(tmp_path / "tls", ["careen.example", "10.1.2.3"])
    for name in ("localhost", "127.0.0.1", "::1", "careen.example", "10.1.2.3"):
        assert name in names(material)
        handshake(material, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(material, "other.example")


def test_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        material = tls.ensure(tmp_path / "tls", [])
    finally:
        os.umask(old)
    for key in (material.key, tmp_path / "tls" / "ca.key"):
        assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in (tmp_path / "tls").iterdir()) == [
        "ca.key",
        "ca.pem",
        "server.key",
        "server.pem",
    ]


def test_material_that_is_good_is_kept(tmp_path: Path) -> None:
    first = leaf(tls.ensure(tmp_path, ["a.example"]))
    assert leaf(tls.ensure(tmp_path, ["a.example"])) == first
    assert first.not_valid_after_utc - first.not_valid_before_utc == timedelta(days=825)


def test_new_names_need_a_new_certificate_but_no_new_ca(tmp_path: Path) -> None:
    material = tls.ensure(tmp_path, ["a.example"])
    assert material.ca is not None
    first, ca = leaf(material), material.ca.read_bytes()
    material = tls.ensure(tmp_path, ["b.example"])
    assert leaf(material) != first
    assert material.ca is not None
    assert material.ca.read_bytes() == ca
    handshake(material, "b.example")


def test_a_certificate_near_its_end_is_renewed(tmp_path: Path) -> None:
    made = datetime.now(UTC) - timedelta(days=800)
    first = leaf(tls.ensure(tmp_path, [], now=made))
    ca = (tmp_path / "ca.pem").read_bytes()
    assert leaf(tls.ensure(tmp_path, [], now=made + timedelta(days=780))) == first
    renewed = tls.ensure(tmp_path, [], now=made + timedelta(days=800))
    assert leaf(renewed).not_valid_after_utc > made + timedelta(days=800 + 800)
    assert (tmp_path / "ca.pem").read_bytes() == ca
    handshake(renewed, "localhost")


def test_a_ca_that_would_end_before_its_certificates_is_replaced(tmp_path: Path) -> None:
    tls.ensure(tmp_path, [], now=datetime.now(UTC) - timedelta(days=2900))
    ca = (tmp_path / "ca.pem").read_bytes()
    material = tls.ensure(tmp_path, [])
    assert (tmp_path / "ca.pem").read_bytes() != ca
    handshake(material, "localhost")


def test_a_new_ca_signs_anew(tmp_path: Path) -> None:
    first = leaf(tls.ensure(tmp_path, []))
    (tmp_path / "ca.pem").unlink()
    material = tls.ensure(tmp_path, [])
    assert leaf(material) != first
    handshake(material, "localhost")


@pytest.mark.parametrize("lost", ["server.key", "server.pem", "ca.key", "ca.pem"])
def test_what_is_lost_is_made_again(tmp_path: Path, lost: str) -> None:
    tls.ensure(tmp_path, [])
    (tmp_path / lost).unlink()
    handshake(tls.ensure(tmp_path, []), "localhost")


@pytest.mark.parametrize("damaged", ["server.key", "server.pem", "ca.key", "ca.pem"])
def test_what_is_damaged_is_said(tmp_path: Path, damaged: str) -> None:
    tls.ensure(tmp_path, [])
    (tmp_path / damaged).write_text("nonsense")
    with pytest.raises(Invalid, match=str(tmp_path)):
        tls.ensure(tmp_path, [])


def test_a_users_own_certificate_replaces_ours(tmp_path: Path) -> None:
    own = tls.ensure(tmp_path / "own", ["own.example"])
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "cert.pem").write_bytes(own.certificate.read_bytes())
    (folder / "key.pem").write_bytes(own.key.read_bytes())
    material = tls.ensure(folder, [])
    assert material == tls.Material(None, folder / "cert.pem", folder / "key.pem")
    assert "own.example" in names(material)
    (folder / "key.pem").write_bytes((tmp_path / "own" / "ca.key").read_bytes())
    with pytest.raises(Invalid, match="is not the key of"):
        tls.ensure(folder, [])
    (folder / "key.pem").unlink()
    with pytest.raises(Invalid, match="must be a certificate and its key"):
        tls.ensure(folder, [])


def test_a_name_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="порт"):
        tls.ensure(tmp_path, ["порт.example"])

"""The certificates: kubeadm's files, for the right names and uses, readable only where they must be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from kconsole.lab.ground.kubeconfig import EXTENSION, person_kubeconfig
from kconsole.lab.ground.pki import CLIENT, SERVER, Authority
from kconsole.lab.ground.pki_files import USERS, ClusterPki, write_control_plane
from kconsole.lab.ground.topology import plan_topology

LEAVES = (
    "apiserver",
    "apiserver-kubelet-client",
    "apiserver-etcd-client",
    "front-proxy-client",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
)


@pytest.fixture(scope="module")
def pki() -> ClusterPki:
    return ClusterPki.create()


@pytest.fixture(scope="module")
def node(pki: ClusterPki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cp1")
    machine = plan_topology("lab", "1.33.4").control_planes[0]
    write_control_plane(folder, machine, pki, version="1.33.4", server="https://127.0.0.1:6443")
    return folder


def cert(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def uses(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_a_control_plane_has_every_file_that_kubeadm_writes(node: Path) -> None:
    pki = node / "etc/kubernetes/pki"
    expected = {f"{name}.{kind}" for name in ("ca", "front-proxy-ca", "etcd/ca", *LEAVES) for kind in ("crt", "key")}
    found = {str(path.relative_to(pki)) for path in pki.rglob("*") if path.is_file()}
    assert found == expected | {"sa.key", "sa.pub"}
    confs = {path.name for path in (node / "etc/kubernetes").glob("*.conf")}
    assert confs == {"admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"}


def test_keys_and_kubeconfigs_are_for_their_owner_alone(node: Path) -> None:
    secret = [*node.rglob("*.key"), *node.rglob("*.conf")]
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_leaf_is_signed_by_its_authority_and_fits_its_key(node: Path, leaf: str) -> None:
    pki = node / "etc/kubernetes/pki"
    ca = "etcd/ca" if "etcd" in leaf else "front-proxy-ca" if "front" in leaf else "ca"
    certificate = cert(pki / f"{leaf}.crt")
    certificate.verify_directly_issued_by(cert(pki / f"{ca}.crt"))
    key = serialization.load_pem_private_key((pki / f"{leaf}.key").read_bytes(), None)
    assert key.public_key() == certificate.public_key()


@pytest.mark.parametrize("leaf", ["apiserver", "etcd/server", "etcd/peer"])
def test_servers_are_valid_for_loopback_their_node_and_its_address(node: Path, leaf: str) -> None:
    certificate = cert(node / f"etc/kubernetes/pki/{leaf}.crt")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"cp1", "localhost"} <= set(names.get_values_for_type(x509.DNSName))
    assert {"127.0.0.1", "10.10.0.11"} <= {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}


def test_etcd_certificates_serve_and_are_clients_as_the_gateway_needs(node: Path) -> None:
    both = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert uses(cert(node / "etc/kubernetes/pki/etcd/server.crt")) == both
    assert uses(cert(node / "etc/kubernetes/pki/etcd/peer.crt")) == both
    assert uses(cert(node / "etc/kubernetes/pki/apiserver.crt")) == {ExtendedKeyUsageOID.SERVER_AUTH}


def test_authorities_are_read_back_as_they_were(node: Path, pki: ClusterPki) -> None:
    again = ClusterPki.read(node)
    assert (again.ca.pair, again.etcd.pair, again.service_accounts) == (
        pki.ca.pair,
        pki.etcd.pair,
        pki.service_accounts,
    )


def test_an_authority_issues_for_names_addresses_and_groups() -> None:
    pair = Authority.create("test").issue("me", uses=[SERVER, CLIENT], groups=["a", "b"], names=["::1", "host.example"])
    certificate = x509.load_pem_x509_certificate(pair.cert)
    assert certificate.subject.rfc4514_string() == "CN=me,O=b,O=a"


def test_a_persons_kubeconfig_has_three_users_and_says_it_is_a_lab(pki: ClusterPki) -> None:
    control = {"control": "http://127.0.0.1:1", "token": "t", "name": "lab"}
    text = person_kubeconfig(
        "lab", server="https://127.0.0.1:2", ca=pki.ca.pair.cert, users={u: pki.user(u) for u in USERS}, control=control
    )
    body = json.loads(text)
    assert body["current-context"] == "lab"
    assert [context["name"] for context in body["contexts"]] == ["lab", "lab-operator", "lab-viewer"]
    assert body["clusters"][0]["cluster"]["extensions"] == [{"name": EXTENSION, "extension": control}]

# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys and certificates of a simulated cluster, made by the ``cryptography`` library on which ansible-core depends."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import write_private

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as error:  # the module reports it with the interpreter's path
    IMPORT_ERROR: ImportError | None = error
else:
    IMPORT_ERROR = None

VALID = dt.timedelta(days=3650)
RENEW_BEFORE = dt.timedelta(days=30)
#: Clocks of containers may lag behind the machine's.
BACKDATED = dt.timedelta(minutes=5)
KEY_PAIR = "service-account"


@dataclass(frozen=True)
class Leaf:
    """One certificate: who it speaks for, who signs it, and whether it serves."""

    name: str
    common_name: str
    organization: str | None = None
    signer: str = "ca"
    serving: bool = False


AUTHORITIES = ("ca", "front-proxy-ca", "etcd-ca")
LEAVES = (
    Leaf("serving", "kube-apiserver", serving=True),
    Leaf("etcd-serving", "etcd", signer="etcd-ca", serving=True),
    Leaf("etcd-client", "kube-apiserver-etcd-client", signer="etcd-ca"),
    Leaf("front-proxy-client", "front-proxy-client", signer="front-proxy-ca"),
    Leaf("admin", "simulated:admin", "system:masters"),
    Leaf("kube-controller-manager", "system:kube-controller-manager"),
    Leaf("kube-scheduler", "system:kube-scheduler"),
    # KWOK plays every kubelet, the volume provisioners and the operators, so it may write any status.
    Leaf("kwok", "simulated:kwok", "system:masters"),
)
NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")


def ensure(directory: Path, service_address: str, now: dt.datetime) -> str:
    """Makes what is missing or about to expire, all of it at once; returns a mark that changes with the certificates."""
    if not _complete(directory, now):
        _make(directory, service_address, now)
    return mark(directory)


def mark(directory: Path) -> str:
    """Tells one set of certificates from another; empty when there is none."""
    certificates = sorted(directory.glob("*.crt"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in certificates)).hexdigest() if certificates else ""


def _complete(directory: Path, now: dt.datetime) -> bool:
    names = (*AUTHORITIES, *(leaf.name for leaf in LEAVES))
    files = [directory / f"{name}.{kind}" for name in names for kind in ("crt", "key")]
    files += [directory / f"{KEY_PAIR}.{kind}" for kind in ("key", "pub")]
    if not all(path.is_file() and path.stat().st_size for path in files):
        return False
    ends = (x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes()).not_valid_after_utc for name in names)
    return all(now + RENEW_BEFORE < end for end in ends)


def _make(directory: Path, service_address: str, now: dt.datetime) -> None:
    authorities = {}
    for name in AUTHORITIES:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _authority(name, key, now)
        authorities[name] = (certificate, key)
        _write(directory, name, certificate, key)
    for leaf in LEAVES:
        key = ec.generate_private_key(ec.SECP256R1())
        _write(directory, leaf.name, _leaf(leaf, key, authorities[leaf.signer], service_address, now), key)
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_private(directory / f"{KEY_PAIR}.pub", public.decode())
    write_private(directory / f"{KEY_PAIR}.key", _pem(key))


def _authority(name: str, key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    subject = _subject(f"simulated-{name}", None)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    return (
        _builder(subject, subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    leaf: Leaf,
    key: ec.EllipticCurvePrivateKey,
    signer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    service_address: str,
    now: dt.datetime,
) -> x509.Certificate:
    authority, authority_key = signer
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if leaf.serving else [])]
    builder = (
        _builder(_subject(leaf.common_name, leaf.organization), authority.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    if leaf.serving:
        addresses = [ipaddress.ip_address(address) for address in ("127.0.0.1", "::1", service_address)]
        names = [*map(x509.DNSName, NAMES), *map(x509.IPAddress, addresses)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALID)
    )


def _subject(common_name: str, organization: str | None) -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write(directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    write_private(directory / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM).decode())
    write_private(directory / f"{name}.key", _pem(key))


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

"""The certificates of RabbitMQ and MongoDB in containers, by an authority of this stack's own.

Nobody outside has to know it: the services alone verify them, with a file that names no other
authority. Authority and keys lie among the secrets and leave this machine in their backup only.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.compose.addresses import CA
from deploy.compose.folder import Folder

RENEWABLE: Final = ("certificates", "authority")
AUTHORITY_LIFE: Final = timedelta(days=3650)
LIFE: Final = timedelta(days=730)
RENEWED_BEFORE: Final = timedelta(days=180)
"""Any start of the stack in the last days of a certificate makes the next one."""
_BEFORE: Final = timedelta(days=1)
"""Valid since yesterday, for clocks that differ."""
_LOOPBACK: Final = ("localhost", "127.0.0.1")
"""A server is asked so from its own network, and from this machine where its port is published."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, as PEM."""

    certificate: str
    key: str = ""

    @property
    def ends(self) -> datetime:
        """When it is valid no longer."""
        return self.loaded.not_valid_after_utc

    @property
    def fits(self) -> bool:
        """Whether it is a certificate with its own key, and not half of one that was cut off."""
        try:
            key = serialization.load_pem_private_key(self.key.encode(), password=None)
            return self.loaded.public_key() == key.public_key()
        except ValueError:
            return False

    @property
    def loaded(self) -> x509.Certificate:
        """The certificate. Raises ValueError where it is none."""
        return x509.load_pem_x509_certificate(self.certificate.encode())


def new_authority(now: datetime) -> Pair:
    """Return an authority that may sign certificates of servers and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Jemput, servers of one stack")
    usage = _usage(signs=True)
    built = _builder(name, name, key.public_key(), now, now + AUTHORITY_LIFE)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    built = built.add_extension(usage, critical=True)
    return _pair(built, key, key, key.public_key())


def new_certificate(authority: Pair, host: str, now: datetime) -> Pair:
    """Return a certificate for the server of this name; it ends before the authority does."""
    signer, issuer = _key(authority), authority.loaded
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(now + LIFE, authority.ends)
    built = _builder(issuer.subject, _name(host), key.public_key(), now, ends)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_usage(signs=False), critical=True)
    # MongoDB is a client too, of the members of its own set.
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    built = built.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    names = x509.SubjectAlternativeName(_names([host, *_LOOPBACK]))
    return _pair(built.add_extension(names, critical=False), key, signer, signer.public_key())


def is_due(certificate: Pair, authority: Pair, now: datetime) -> bool:
    """Whether another certificate has to be made: it ends soon, or is another authority's."""
    try:
        certificate.loaded.verify_directly_issued_by(authority.loaded)
    except (InvalidSignature, ValueError):
        return True
    return certificate.ends - now < RENEWED_BEFORE


def kept_certificates(
    folder: Folder, servers: Collection[str], now: datetime, renew: str | None = None
) -> dict[str, str]:
    """Return the authority's certificate and the servers' with their keys, by file name.

    What is missing or due is made, and what `renew` names of RENEWABLE although it is valid.
    """
    authority = _kept_pair(folder, CA)
    if authority is None or renew == "authority":
        authority = _put_pair(folder, CA, new_authority(now))
    pairs: dict[str, Pair] = {}
    for server in servers:
        name = f"{server}_tls.pem"
        pair = _kept_pair(folder, name)
        if pair is None or renew or is_due(pair, authority, now):
            pair = _put_pair(folder, name, new_certificate(authority, server, now))
        pairs[name] = pair
    keys = {_key_of(name): pair.key for name, pair in pairs.items()}
    return {CA: authority.certificate, **keys, **{n: p.certificate for n, p in pairs.items()}}


def _kept_pair(folder: Folder, name: str) -> Pair | None:
    paths = [folder.path / name, folder.path / _key_of(name)]
    if not all(path.exists() for path in paths):
        return None
    pair = Pair(*(path.read_text() for path in paths))
    return pair if pair.fits else None


def _put_pair(folder: Folder, name: str, pair: Pair) -> Pair:
    """Write both; where this is cut off between the two, they do not fit and are made again."""
    folder.put(_key_of(name), pair.key)
    folder.put(name, pair.certificate)
    return pair


def _key_of(name: str) -> str:
    return name.replace(".pem", "_key.pem")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _names(hosts: Collection[str]) -> list[x509.GeneralName]:
    return [
        x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        for host in hosts
    ]


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _BEFORE,
        not_valid_after=ends,
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _pair(
    built: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: ec.EllipticCurvePublicKey,
) -> Pair:
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer)
    signed = built.add_extension(known, critical=False).sign(signer, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(signed.public_bytes(pem).decode(), key.private_bytes(pem, *plain).decode())


def _key(authority: Pair) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(authority.key.encode(), password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is none of ours")
    return loaded

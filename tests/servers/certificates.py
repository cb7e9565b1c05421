"""Authorities and certificates for servers under TLS."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Signed:
    """Files of a server's certificate: chain and key, and the authority that signed it."""

    chain: Path
    key: Path
    authority: Path


def certificate(folder: Path, host: str) -> Signed:
    """Make an authority and a certificate of it for one name or address."""
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    now = datetime.now(UTC)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Test authority {secrets.token_hex(4)}")])
    key = rsa.generate_private_key(65537, 2048)

    def make(name: x509.Name, public: Any) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(ca_name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))

    authority = make(ca_name, ca_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = authority.add_extension(usage, critical=True)
    known_by = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    signed_authority = authority.add_extension(known_by, critical=False).sign(ca_key, hashes.SHA256())
    try:
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        name = x509.DNSName(host)
    server = make(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]), key.public_key())
    server = server.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    signed = server.add_extension(issuer, critical=False).sign(ca_key, hashes.SHA256())
    folder.mkdir(exist_ok=True)
    made = Signed(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    pem = serialization.Encoding.PEM
    made.chain.write_bytes(signed.public_bytes(pem))
    made.authority.write_bytes(signed_authority.public_bytes(pem))
    plain = serialization.NoEncryption()
    made.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain))
    return made

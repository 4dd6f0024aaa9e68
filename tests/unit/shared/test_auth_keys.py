import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.auth.keys import (
    MAX_PUBLIC_KEYS,
    InvalidKey,
    SigningKey,
    key_id,
    load_private,
    load_public,
    write_private,
    write_public,
)


@pytest.fixture
def jwks(tmp_path: Path) -> Callable[..., Path]:
    def write(*entries: Any) -> Path:
        path = tmp_path / "public.json"
        path.write_text(json.dumps({"keys": list(entries)}))
        return path

    return write


def entry(key: SigningKey, **changes: Any) -> dict[str, Any]:
    public: dict[str, Any] = jwt.get_algorithm_by_name("EdDSA").to_jwk(key.public, as_dict=True)
    return {**public, "kid": key.kid, **changes}


def test_a_private_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path, key = tmp_path / "key.pem", SigningKey.generate()
    write_private(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_private(path).kid == key.kid
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        write_private(path, SigningKey.generate())
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o620, 0o606])
def test_a_private_key_that_others_can_reach_is_not_used(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    write_private(path, SigningKey.generate())
    path.chmod(mode)
    with pytest.raises(InvalidKey, match="others can read it"):
        load_private(path)


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"not a key")
    path.chmod(0o600)
    with pytest.raises(InvalidKey, match="no unencrypted private key"):
        load_private(path)
    other = X25519PrivateKey.generate()
    formats = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(other.private_bytes(*formats))
    with pytest.raises(InvalidKey, match="not an Ed25519 key"):
        load_private(path)


def test_a_public_set_reads_as_written_and_holds_no_secret(tmp_path: Path) -> None:
    path, keys = tmp_path / "public.json", [SigningKey.generate() for _ in range(2)]
    write_public(path, {key.kid: key.public for key in keys})
    assert sorted(load_public(path)) == sorted(key.kid for key in keys)
    for written in json.loads(path.read_text())["keys"]:
        assert set(written) == {"kty", "crv", "x", "kid", "alg", "use"}
        assert (written["kty"], written["crv"]) == ("OKP", "Ed25519")
    assert [file.name for file in tmp_path.iterdir()] == ["public.json"]


def test_another_library_reads_our_set(tmp_path: Path) -> None:
    path, key = tmp_path / "public.json", SigningKey.generate()
    write_public(path, {key.kid: key.public})
    found = jwt.PyJWKSet.from_json(path.read_text())[key.kid].key
    assert isinstance(found, Ed25519PublicKey)
    assert key_id(found) == key.kid


def test_the_key_id_is_half_the_thumbprint_of_rfc_8037(jwks: Callable[..., Path]) -> None:
    example = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "a",
    }
    public = load_public(jwks(example))["a"]
    assert key_id(public) == "90facafea9b1556698540f70c0117a22"


def test_a_broken_set_is_refused_by_its_fault(jwks: Callable[..., Path]) -> None:
    key = SigningKey.generate()
    for wrong in (
        entry(key, kty="RSA"),
        entry(key, crv="Ed448"),
        entry(key, x="AAAA"),
        entry(key, x=7),
        entry(key, kid=7),
        {"kty": "OKP"},
        "text",
    ):
        with pytest.raises(InvalidKey, match="not a JWK set"):
            load_public(jwks(wrong))
    with pytest.raises(InvalidKey, match="treat it as stolen"):
        load_public(jwks(entry(key, d="secret")))
    with pytest.raises(InvalidKey, match="share an id"):
        load_public(jwks(entry(key), entry(SigningKey.generate(), kid=key.kid)))
    with pytest.raises(InvalidKey, match="1 to 16"):
        load_public(jwks())


def test_a_set_has_a_largest_size(tmp_path: Path) -> None:
    keys = {str(n): SigningKey.generate().public for n in range(MAX_PUBLIC_KEYS + 1)}
    with pytest.raises(InvalidKey, match="1 to 16"):
        write_public(tmp_path / "public.json", keys)
    keys.popitem()
    write_public(tmp_path / "public.json", keys)
    assert len(load_public(tmp_path / "public.json")) == MAX_PUBLIC_KEYS

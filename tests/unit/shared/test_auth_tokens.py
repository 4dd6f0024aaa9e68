import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from shared.auth.keys import SigningKey
from shared.auth.roles import Grant, Role
from shared.auth.tokens import LEEWAY, MAX_LIFETIME, MAX_TOKEN_BYTES, InvalidToken, Issuer, Verifier
from tests.unit.shared.web_kit import NOW, Clock, forge

GRANTS = [Grant.parse("operator:botram:32.16"), Grant.parse("head:*:*")]
HOUR = timedelta(hours=1)
MISSING = object()


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(key: SigningKey, clock: Clock) -> Verifier:
    return Verifier({key.kid: key.public}, clock)


@pytest.fixture
def token(key: SigningKey, clock: Clock) -> str:
    return Issuer(key, clock).issue("agus", GRANTS, HOUR)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    base = {
        "iss": "jemput",
        "aud": "jemput",
        "sub": "agus",
        "iat": now,
        "exp": now + 3600,
        "jti": "a",
        "grants": ["operator:botram:32.16"],
    }
    return {k: v for k, v in {**base, **changes}.items() if v is not MISSING}


def signed(key: SigningKey, payload: dict[str, Any], **header: Any) -> str:
    return jwt.encode(payload, key.private, "EdDSA", headers={"kid": key.kid, **header})


def reason(verifier: Verifier, token: str) -> str:
    with pytest.raises(InvalidToken) as refused:
        verifier.verify(token)
    assert token[:20] not in str(refused.value) or not token
    return refused.value.reason


def test_a_token_says_who_and_what_and_until_when(verifier: Verifier, token: str) -> None:
    caller = verifier.verify(token)
    assert caller.subject == "agus"
    assert caller.grants == tuple(GRANTS)
    assert caller.roles == {Role.OPERATOR, Role.HEAD}
    assert caller.expires_at == NOW + HOUR
    assert caller.acting == frozenset()


def test_two_tokens_are_never_the_same(key: SigningKey, clock: Clock) -> None:
    issuer = Issuer(key, clock)
    assert issuer.issue("agus", GRANTS, HOUR) != issuer.issue("agus", GRANTS, HOUR)


def test_a_token_ends_when_it_says_and_the_leeway_is_over(
    verifier: Verifier, token: str, clock: Clock
) -> None:
    clock.now = NOW + HOUR + LEEWAY - timedelta(seconds=1)
    verifier.verify(token)
    clock.advance(timedelta(seconds=1))
    assert reason(verifier, token) == "expired"


def test_a_token_from_the_future_waits_for_the_leeway(
    verifier: Verifier, token: str, clock: Clock
) -> None:
    clock.now = NOW - LEEWAY
    verifier.verify(token)
    clock.advance(timedelta(seconds=-1))
    assert reason(verifier, token) == "not valid yet"


def test_a_remembered_token_ends_like_any_other(
    verifier: Verifier, token: str, clock: Clock
) -> None:
    assert verifier.verify(token) is verifier.verify(token)
    clock.now = NOW + HOUR + LEEWAY
    assert reason(verifier, token) == "expired"
    clock.now = NOW - LEEWAY - timedelta(seconds=1)
    assert reason(verifier, token) == "not valid yet"


def test_several_keys_are_valid_at_once_and_a_retired_one_no_longer(
    key: SigningKey, clock: Clock, token: str
) -> None:
    fresh = SigningKey.generate()
    both = Verifier({key.kid: key.public, fresh.kid: fresh.public}, clock)
    assert both.verify(token).subject == "agus"
    assert both.verify(Issuer(fresh, clock).issue("siti", GRANTS, HOUR)).subject == "siti"
    assert reason(Verifier({fresh.kid: fresh.public}, clock), token) == "unknown key"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES256", "", None])
def test_no_other_algorithm_is_believed(
    verifier: Verifier, key: SigningKey, algorithm: str | None
) -> None:
    forged = forge({"alg": algorithm, "kid": key.kid, "typ": "JWT"}, claims())
    assert reason(verifier, forged) == "algorithm not allowed"


@pytest.mark.parametrize("encoding", ["raw", "pem"])
def test_the_public_key_is_no_secret_to_sign_with(
    verifier: Verifier, key: SigningKey, encoding: str
) -> None:
    raw = key.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    pem = key.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secret = raw if encoding == "raw" else pem
    forged = forge({"alg": "HS256", "kid": key.kid}, claims(), secret)
    assert reason(verifier, forged) == "algorithm not allowed"
    forged = forge({"alg": "EdDSA", "kid": key.kid}, claims(), secret)
    assert reason(verifier, forged) == "wrong signature"


def test_a_token_signed_by_a_stranger_under_a_known_id_is_refused(
    verifier: Verifier, key: SigningKey
) -> None:
    stranger = SigningKey.generate()
    assert reason(verifier, signed(stranger, claims())) == "unknown key"
    assert reason(verifier, signed(stranger, claims(), kid=key.kid)) == "wrong signature"


def test_changed_claims_are_refused(verifier: Verifier, token: str) -> None:
    header, payload, signature = token.split(".")
    raised = json.loads(urlsafe_b64decode(payload + "=="))
    raised["grants"] = ["admin:*:*"]
    changed = urlsafe_b64encode(json.dumps(raised).encode()).rstrip(b"=").decode()
    assert reason(verifier, f"{header}.{changed}.{signature}") == "wrong signature"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "other"}, "wrong audience"),
        ({"aud": ["jemput", "other"]}, "wrong audience"),
        ({"aud": MISSING}, "a claim is missing"),
        ({"iss": "other"}, "wrong issuer"),
        ({"iss": MISSING}, "a claim is missing"),
        ({"sub": MISSING}, "a claim is missing"),
        ({"sub": "a" * 65}, "malformed subject"),
        ({"sub": "agus\nadmin"}, "malformed subject"),
        ({"sub": "3216990101900001"}, "malformed subject"),
        ({"sub": "sistem@dinas"}, "malformed subject"),
        ({"sub": 7}, "malformed"),
        ({"jti": MISSING}, "a claim is missing"),
        ({"exp": MISSING}, "a claim is missing"),
        ({"exp": "9999999999"}, "malformed exp"),
        ({"exp": True}, "malformed exp"),
        ({"exp": 1e30}, "malformed exp"),
        ({"exp": 10**30}, "malformed exp"),
        ({"iat": MISSING}, "a claim is missing"),
        ({"iat": "soon"}, "malformed iat"),
        ({"nbf": int(NOW.timestamp()) + 600}, "not valid yet"),
        ({"nbf": "soon"}, "malformed nbf"),
        ({"grants": MISSING}, "malformed grants"),
        ({"grants": []}, "malformed grants"),
        ({"grants": "admin:*:*"}, "malformed grants"),
        ({"grants": [1]}, "malformed grants"),
        ({"grants": ["boss:*:*"]}, "malformed grants"),
        ({"grants": ["operator:botram:32.16", "admin"]}, "malformed grants"),
    ],
)
def test_wrong_claims_are_refused_with_their_reason(
    verifier: Verifier, key: SigningKey, changes: dict[str, Any], why: str
) -> None:
    assert reason(verifier, signed(key, claims(**changes))) == why


def test_the_last_day_of_the_calendar_does_not_break_the_arithmetic(
    verifier: Verifier, key: SigningKey
) -> None:
    assert verifier.verify(signed(key, claims(exp=253402300799))).subject == "agus"


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c", "é.é.é", "\ud800", "eyJhbGciOiJFZERTQSJ9..", "Bearer x", "🙂"],
)
def test_what_is_no_token_is_malformed(verifier: Verifier, text: str) -> None:
    with pytest.raises(InvalidToken, match=r"malformed|unknown key"):
        verifier.verify(text)


def test_critical_headers_and_detached_bodies_are_refused(
    verifier: Verifier, key: SigningKey
) -> None:
    assert reason(verifier, signed(key, claims(), crit=["exp"], exp=1)) == "malformed"
    assert reason(verifier, signed(key, claims(), b64=False)) == "malformed"


def test_a_header_without_key_id_is_refused(verifier: Verifier, key: SigningKey) -> None:
    assert reason(verifier, jwt.encode(claims(), key.private, "EdDSA")) == "unknown key"
    assert reason(verifier, forge({"alg": "EdDSA", "kid": 7}, claims())) == "malformed"


def test_a_token_has_a_largest_size_both_ways(verifier: Verifier, key: SigningKey) -> None:
    padded = signed(key, claims(jti="a" * MAX_TOKEN_BYTES))
    assert reason(verifier, padded) == f"longer than {MAX_TOKEN_BYTES} bytes"
    many = [Grant(Role.OPERATOR, f"programme_{n}", "32.16.18.2001") for n in range(200)]
    with pytest.raises(ValueError, match=str(MAX_TOKEN_BYTES)):
        Issuer(key, Clock()).issue("agus", many, HOUR)
    issued = Issuer(key, Clock()).issue("agus", many[:40], HOUR)
    assert len(verifier.verify(issued).grants) == 40


@pytest.mark.parametrize(
    ("subject", "lifetime"),
    [
        ("", HOUR),
        ("a b", HOUR),
        ("a" * 65, HOUR),
        ("agus", timedelta(0)),
        ("agus", -HOUR),
        ("agus", MAX_LIFETIME + timedelta(seconds=1)),
    ],
)
def test_what_cannot_be_verified_is_not_issued(
    key: SigningKey, subject: str, lifetime: timedelta
) -> None:
    with pytest.raises(ValueError, match=r"subject|lives"):
        Issuer(key, Clock()).issue(subject, GRANTS, lifetime)
    with pytest.raises(ValueError, match="a grant at least"):
        Issuer(key, Clock()).issue("agus", [], HOUR)

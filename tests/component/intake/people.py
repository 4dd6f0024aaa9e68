"""People who sign in: browsers with a key and cookies, and the way to an account."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from http.cookies import SimpleCookie
from typing import Any, Final

import httpx
import jwt
import pyotp
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate
from jwt.algorithms import ECAlgorithm

from shared.contracts.envelope import new_id
from tests.component.intake.kit import Desk

HOST: Final = "jemput.test"
ORIGIN: Final = f"http://{HOST}"
PASSWORD: Final = "kebun teh di Puncak 7"
REFRESH: Final = "jemput_refresh"


def key_pair() -> EllipticCurvePrivateKey:
    """A key as WebCrypto makes one."""
    return generate(SECP256R1())


def proof(key: EllipticCurvePrivateKey, at: datetime, path: str, **changed: Any) -> str:
    """What a browser signs for one request."""
    jwk = json.loads(ECAlgorithm.to_jwk(key.public_key()))
    claims = {
        "htm": "POST",
        "htu": f"{ORIGIN}/intake{path}",
        "iat": int(at.timestamp()),
        "jti": new_id(),
        **changed,
    }
    said = {name: value for name, value in claims.items() if value is not None}
    header = {"typ": "dpop+jwt", "jwk": {n: jwk[n] for n in ("kty", "crv", "x", "y")}}
    return jwt.encode(said, key, "ES256", headers=header)


@dataclass
class Browser:
    """One browser with its own key and cookies."""

    office: Desk
    key: EllipticCurvePrivateKey = field(default_factory=key_pair)
    cookies: dict[str, str] = field(default_factory=dict)
    refresh_hash: str | None = None
    agent: str = "Mozilla/5.0 (Linux; Android 10) Chrome/120.0 Mobile Safari/537.36"

    async def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Send what a page of ours sends."""
        headers = {
            "Origin": ORIGIN,
            "User-Agent": self.agent,
            "Idempotency-Key": new_id(),
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **how.pop("headers", {}),
        }
        answer = await self.office.client.request(method, f"/api{path}", headers=headers, **how)
        self.office.client.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            # By hand: a jar drops what has expired by the clock of this machine.
            (name, cookie), *_ = SimpleCookie(line).items()
            self.cookies[name] = cookie.value
        if "refresh_hash" in answer.text and answer.status_code == 200:
            self.refresh_hash = answer.json()["refresh_hash"] or self.refresh_hash
        return answer

    async def sign_in(
        self, login: str, password: str = PASSWORD, code: str | None = None, *, plain: bool = False
    ) -> httpx.Response:
        """Sign in, with a proof unless it is a browser without JavaScript."""
        headers = {} if plain else {"DPoP": self.proof("/api/session")}
        body = {"login": login, "password": password, "code": code}
        return await self.ask("POST", "/session", json=body, headers=headers)

    async def refresh(self, **changed: Any) -> httpx.Response:
        """Ask for another token."""
        signed = self.proof("/api/session/refresh", **{"ath": self.refresh_hash, **changed})
        return await self.ask("POST", "/session/refresh", headers={"DPoP": signed})

    def proof(self, path: str, **changed: Any) -> str:
        """Sign a request."""
        return proof(self.key, self.office.messaging.clock(), path, **changed)

    def copied(self) -> "Browser":
        """Another browser with these cookies, but not this key."""
        return Browser(self.office, cookies=dict(self.cookies), refresh_hash=self.refresh_hash)


@dataclass
class Person:
    """Somebody with an account."""

    account_id: str
    login: str
    secret: str | None

    def code(self, office: Desk) -> str | None:
        """What his authenticator app shows now."""
        return pyotp.TOTP(self.secret).at(office.messaging.clock()) if self.secret else None


def admin_headers(office: Desk, *grants: str, subject: str = "a-root") -> dict[str, str]:
    """An admin who signed in just now."""
    return office.messaging.session_headers(
        *(grants or ("admin:*:*",)), subject=subject, session="s-root"
    )


async def invited(office: Desk, login: str, *grants: str, **how: Any) -> httpx.Response:
    """Invite somebody as an admin."""
    body = {"login": login, "grants": list(grants)}
    headers = how.pop("headers", None) or admin_headers(office)
    return await office.client.post("/api/accounts", json=body, headers=headers)


async def person(office: Desk, login: str, *grants: str) -> Person:
    """Somebody who was invited and has set his password, and his second factor."""
    return await ready(office, login, await linked(office, login, *grants))


async def linked(office: Desk, login: str, *grants: str) -> str:
    """The code of somebody's link; where his rights ask for it a second admin has approved them."""
    made = (await invited(office, login, *grants)).raise_for_status().json()
    return made["code"] or await approved(office, made["account_id"])


async def approved(office: Desk, account_id: str) -> str:
    """What a second admin approves, as it is now; the code of the link that comes of it."""
    request = office.messaging.memory.collections["account_requests"][account_id]
    answer = await decide(office, account_id, "approval", version=request["version"])
    return str(answer.raise_for_status().json()["code"])


async def decide(
    office: Desk, account_id: str, what: str, *, by: str = "a-second", **body: Any
) -> httpx.Response:
    """Approve or refuse as an admin of everything."""
    path = f"/api/account-requests/{account_id}/{what}"
    headers = admin_headers(office, subject=by)
    return await office.client.post(path, json=body, headers=headers)


async def ready(office: Desk, login: str, link: str) -> Person:
    """Use a link to the end."""
    body = {"code": link, "password": PASSWORD}
    answer = await office.client.post("/api/invitations/password", json=body)
    answer.raise_for_status()
    one = Person(answer.json()["account_id"], login, answer.json()["secret"])
    if one.secret:
        shown = {"code": link, "app_code": one.code(office)}
        (await office.client.post("/api/invitations/code", json=shown)).raise_for_status()
        office.messaging.clock.advance(seconds=30)
    return one

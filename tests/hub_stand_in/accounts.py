"""Users, organisations and tokens of the stand-in Hub, and what each token allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .wire import Json, Refusal

TokenRole = Literal["write", "read", "fineGrained", "expired"]
Permission = Literal["read", "write"]
MemberRole = Literal["admin", "write", "read"]


@dataclass(frozen=True)
class Token:
    """An access token; `scopes` (namespace or repository id -> permission) count for fine-grained ones only."""

    value: str
    user: str
    role: TokenRole
    scopes: Mapping[str, Permission] = field(default_factory=dict)

    def covers(self, repo_id: str, permission: Permission) -> bool:
        """Say whether the token, apart from who owns it, is good for `permission` on a repository or namespace."""
        if self.role == "write":
            return True
        if self.role == "read":
            return permission == "read"
        granted = {self.scopes.get(repo_id), self.scopes.get(repo_id.split("/")[0])}
        return "write" in granted or permission in granted


@dataclass
class Accounts:
    """Everybody the stand-in knows; users come into being with their first token."""

    tokens: dict[str, Token] = field(default_factory=dict)
    organisations: dict[str, dict[str, MemberRole]] = field(default_factory=dict)
    without_plan: set[str] = field(default_factory=set)  # users who may host static Spaces and ZeroGPU only

    def issue(self, user: str, role: TokenRole, scopes: Mapping[str, Permission]) -> str:
        """Make a new token and return its text."""
        value = f"hf_stand_in_{user}_{role}_{len(self.tokens) + 1}"
        self.tokens[value] = Token(value, user, role, dict(scopes))
        return value

    def authenticate(self, authorization: str | None) -> Token | None:
        """Return the token of an `Authorization` header, None without header.

        Raises:
            Refusal: 401 for an unknown or expired token, also where no token would be needed at all.
        """
        if authorization is None:
            return None
        token = self.tokens.get(authorization.removeprefix("Bearer "))
        if token is None or token.role == "expired":
            raise Refusal(401, "Invalid credentials in Authorization header")
        return token

    def is_member(self, token: Token | None, namespace: str, permission: Permission) -> bool:
        """Say whether the user behind a token may read the private, or write the public things of a namespace."""
        if token is None:
            return False
        if token.user == namespace:
            return True
        role = self.organisations.get(namespace, {}).get(token.user)
        return role is not None and (permission == "read" or role != "read")

    def may(self, token: Token | None, permission: Permission, repo_id: str) -> bool:
        """Say whether a token has a permission on a private repository, or on a whole namespace."""
        return self.is_member(token, repo_id.split("/")[0], permission) and (
            token is not None and token.covers(repo_id, permission)
        )

    def require_token(self, token: Token | None) -> Token:
        """Refuse an anonymous request with the 401 of the Hub."""
        if token is None:
            raise Refusal(401, "Invalid username or password.")
        return token

    def whoami(self, token: Token) -> Json:
        """Render the answer of `/api/whoami-v2`."""
        access: dict[str, Json] = {
            "displayName": f"{token.role} token",
            "role": token.role,
            "createdAt": "2026-01-01T00:00:00.000Z",
        }
        if token.role == "fineGrained":
            access["fineGrained"] = {"canReadGatedRepos": False, "global": [], "scoped": _scoped(token)}
        organisations = [
            {"type": "org", "id": f"id-{name}", "name": name, "fullname": name, "roleInOrg": members[token.user]}
            for name, members in self.organisations.items()
            if token.user in members
        ]
        return {
            "type": "user",
            "id": f"id-{token.user}",
            "name": token.user,
            "fullname": token.user.title(),
            "email": f"{token.user}@example.org",
            "emailVerified": True,
            "canPay": False,
            "isPro": token.user not in self.without_plan,
            "orgs": organisations,
            "auth": {"type": "access_token", "accessToken": access},
        }


def _scoped(token: Token) -> list[Json]:
    permissions = {"read": ["repo.content.read"], "write": ["repo.content.read", "repo.write"]}
    return [
        {
            "entity": {"_id": f"id-{name}", "type": "model" if "/" in name else "user", "name": name},
            "permissions": permissions[permission],
        }
        for name, permission in token.scopes.items()
    ]

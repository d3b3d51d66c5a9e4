"""Secrets, the deployments that use them, and what a provider of root keys answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenantry._records.places import Page
from tenantry._records.words import SecretId
from tenantry._tenantry import RootKey, Secret


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """A secret of a place: everything but its value."""

    id: SecretId
    key: str
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A deployment that uses a secret."""

    deployment: str
    """The host's own id of the deployment."""
    name: str
    running: int | None
    """The version that it said it runs with."""


@dataclass(frozen=True, slots=True)
class SecretChange:
    """What setting a secret, or rolling it back, answers."""

    secret: SecretInfo
    affected: Page[SecretUse]
    """The deployments that use it: the first page of `secrets.used_by`."""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One version of a secret, without its value."""

    version: int
    current: bool
    destroyed: bool
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The value of a secret, as a service resolves it."""

    key: str
    version: int
    value: Secret


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template with its secrets filled in."""

    text: Secret
    versions: tuple[tuple[str, int], ...]
    """The secrets that were filled in, and their versions."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """What is wrong with a template, and where."""

    code: str
    """`missing_secret` or `invalid_template`."""
    line: int
    column: int
    key: str | None
    """The key of the secret that is missing."""
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class DeploymentUse:
    """A secret that a deployment uses."""

    key: str
    running: int | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of the host that uses secrets of its place."""

    id: str
    name: str
    secrets: tuple[DeploymentUse, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewRootKey:
    """What a provider of root keys answers: a key, and what the store keeps so that it is found again."""

    key: RootKey
    kept: bytes = b""
    """Nothing that must be secret, for it stands readable in the store."""

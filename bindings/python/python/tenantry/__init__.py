"""Customer management that a software vendor embeds in its own program.

```python
>>> from tenantry import Role, RootKey, Tenantry, VerifiedEmail
>>> app = Tenantry.open_in_memory(root_key=RootKey.generate())
>>> ada = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
>>> scope = ada.customer(ada.customers.create("Globex").id)
>>> invited = scope.members.invite("Hank", "hank@globex.test", Role.VIEWER)
>>> invited.raised  # Globex had no Administrator yet
True
>>> hank = app.accept_invitation(invited.token, VerifiedEmail("hank@globex.test"))
>>> hank.can("alerts.view")
False
>>> scope.features.enable("alerts").changed
('alerts',)
>>> hank.can("alerts.view")
True

```

`tenantry.aio` has the same names for asyncio.
"""

from tenantry._tenantry import (
    Audit,
    Catalog,
    CatalogBuilder,
    CustomerScope,
    Customers,
    Deployments,
    FeatureSwitches,
    Invitations,
    KeyRing,
    Maintenance,
    Members,
    Outbox,
    Passphrase,
    RedactionStream,
    Redactor,
    RootKey,
    Secret,
    Secrets,
    ServiceScope,
    Snapshot,
    Template,
    Tenantry,
    VendorScope,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tenantry._courier import Courier, DeliveryError
    from tenantry._errors import (
        AlreadyExistsError,
        AlreadyInvitedError,
        AlreadyMemberError,
        CannotBackUpError,
        CannotOpenError,
        CatalogError,
        ClosedError,
        ConflictError,
        ContendedError,
        CustomerArchivedError,
        DeniedError,
        FeatureDisabledError,
        InvalidInputError,
        InvitationInvalidError,
        KeyProviderError,
        LastAdministratorError,
        NotFoundError,
        OutcomeUnknownError,
        OwnMembershipError,
        PermissionDeniedError,
        RedactorTooLargeError,
        RetryLaterError,
        RootKeyError,
        SecretInUseError,
        SecretKeyError,
        SoleAdministratorError,
        StaleRevisionError,
        StorageError,
        StorageUnavailableError,
        TemplateError,
        TenantryError,
        TooManyInvitationsError,
        UnknownNameError,
    )
    from tenantry._provider import RootKeyProvider
    from tenantry._query import AsyncQuery, Query
    from tenantry._records.audit import AuditEntry, ChainHead
    from tenantry._records.catalog import Feature, Permission, Section, StoredChange, StoredFeatures
    from tenantry._records.customers import (
        Customer,
        CustomerFeature,
        FeatureChange,
        Features,
        ImportSummary,
        ImportedRow,
        NewCustomer,
        PortalSection,
    )
    from tenantry._records.maintenance import Backup, RootKeyInfo, Rotation, Violation
    from tenantry._records.members import (
        Explanation,
        Identity,
        Invitation,
        Invited,
        Member,
        OpenInvitation,
        RemainingMember,
    )
    from tenantry._records.outbox import Delivered, Delivery, InvitationMail
    from tenantry._records.places import Page, Place, Vendor
    from tenantry._records.secrets import (
        Deployment,
        DeploymentUse,
        NewRootKey,
        Rendered,
        Resolved,
        SecretChange,
        SecretInfo,
        SecretUse,
        SecretVersion,
        TemplateProblem,
    )
    from tenantry._records.words import (
        CustomerId,
        CustomerStatus,
        Decision,
        DeliveryFailure,
        DeliveryId,
        DeliveryState,
        Denial,
        Durability,
        Format,
        ImportOutcome,
        InvitationId,
        InvitationStatus,
        MemberId,
        MemberState,
        Portal,
        Role,
        RootKeyState,
        SecretId,
        UserId,
        VendorId,
        VerifiedEmail,
    )
    from tenantry._redaction import RedactingWriter

__all__ = [
    "AlreadyExistsError",
    "AlreadyInvitedError",
    "AlreadyMemberError",
    "AsyncQuery",
    "Audit",
    "AuditEntry",
    "Backup",
    "CannotBackUpError",
    "CannotOpenError",
    "Catalog",
    "CatalogBuilder",
    "CatalogError",
    "ChainHead",
    "ClosedError",
    "ConflictError",
    "ContendedError",
    "Courier",
    "Customer",
    "CustomerArchivedError",
    "CustomerFeature",
    "CustomerId",
    "CustomerScope",
    "CustomerStatus",
    "Customers",
    "Decision",
    "Delivered",
    "Delivery",
    "DeliveryError",
    "DeliveryFailure",
    "DeliveryId",
    "DeliveryState",
    "Denial",
    "DeniedError",
    "Deployment",
    "DeploymentUse",
    "Deployments",
    "Durability",
    "Explanation",
    "Feature",
    "FeatureChange",
    "FeatureDisabledError",
    "FeatureSwitches",
    "Features",
    "Format",
    "Identity",
    "ImportOutcome",
    "ImportSummary",
    "ImportedRow",
    "InvalidInputError",
    "Invitation",
    "InvitationId",
    "InvitationInvalidError",
    "InvitationMail",
    "InvitationStatus",
    "Invitations",
    "Invited",
    "KeyProviderError",
    "KeyRing",
    "LastAdministratorError",
    "Maintenance",
    "Member",
    "MemberId",
    "MemberState",
    "Members",
    "NewCustomer",
    "NewRootKey",
    "NotFoundError",
    "OpenInvitation",
    "Outbox",
    "OutcomeUnknownError",
    "OwnMembershipError",
    "Page",
    "Passphrase",
    "Permission",
    "PermissionDeniedError",
    "Place",
    "Portal",
    "PortalSection",
    "Query",
    "RedactingWriter",
    "RedactionStream",
    "Redactor",
    "RedactorTooLargeError",
    "RemainingMember",
    "Rendered",
    "Resolved",
    "RetryLaterError",
    "Role",
    "RootKey",
    "RootKeyError",
    "RootKeyInfo",
    "RootKeyProvider",
    "RootKeyState",
    "Rotation",
    "Secret",
    "SecretChange",
    "SecretId",
    "SecretInUseError",
    "SecretInfo",
    "SecretKeyError",
    "SecretUse",
    "SecretVersion",
    "Secrets",
    "Section",
    "ServiceScope",
    "Snapshot",
    "SoleAdministratorError",
    "StaleRevisionError",
    "StorageError",
    "StorageUnavailableError",
    "StoredChange",
    "StoredFeatures",
    "Template",
    "TemplateError",
    "TemplateProblem",
    "Tenantry",
    "TenantryError",
    "TooManyInvitationsError",
    "UnknownNameError",
    "UserId",
    "Vendor",
    "VendorId",
    "VendorScope",
    "VerifiedEmail",
    "Violation",
]
_MODULES = (
    "_records.words",
    "_errors",
    "_query",
    "_redaction",
    "_courier",
    "_records.places",
    "_records.customers",
    "_records.members",
    "_records.secrets",
    "_records.catalog",
    "_records.outbox",
    "_records.audit",
    "_records.maintenance",
    "_provider",
)


def __getattr__(name: str) -> object:
    # Making forty dataclasses takes longer than everything else, and loading `dataclasses` half of that: who imports a name
    # waits for its module and for those before it, the cheap ones first.
    if name in __all__:
        from importlib import import_module

        for module in _MODULES:
            found = vars(import_module(f"tenantry.{module}"))
            if name in found:
                return globals().setdefault(name, found[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]

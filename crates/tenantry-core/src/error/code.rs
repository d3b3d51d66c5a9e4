//! The stable names of errors. Each is written once: what names an error and the list of names are made from the same lines.

use super::{Error, StorageKind};
use crate::vault::{ProviderError, TemplateError, TemplateProblem};

macro_rules! codes {
    ($type:ty, $this:ident => $of:expr, { $($pattern:pat => $code:literal,)+ } $({ $($inner:pat => $answer:expr, of $others:ty;)+ })?) => {
        impl $type {
            const OWN_CODES: &'static [&'static str] = &[$($code),+];

            /// A stable name of the kind of error, for logs, interfaces and other languages.
            pub fn code(&self) -> &'static str {
                let $this = self;
                match $of {
                    $($pattern => $code,)+
                    $($($inner => $answer,)+)?
                }
            }

            /// Every name that [`code`](Self::code) may answer.
            pub fn codes() -> impl Iterator<Item = &'static str> {
                Self::OWN_CODES.iter().copied()$($(.chain(<$others>::codes()))+)?
            }
        }
    };
}

codes! {
    Error, this => this,
    {
        Self::InvalidInput(_) => "invalid_input",
        Self::NotFound(_) => "not_found",
        Self::PermissionDenied(_) => "permission_denied",
        Self::CustomerArchived(_) => "customer_archived",
        Self::FeatureDisabled(_) => "feature_disabled",
        Self::AlreadyExists(_) => "already_exists",
        Self::StaleRevision(_) => "stale_revision",
        Self::AlreadyMember(_) => "already_member",
        Self::AlreadyInvited(_) => "already_invited",
        Self::InvitationInvalid => "invitation_invalid",
        Self::TooManyInvitations(_) => "too_many_invitations",
        Self::LastAdministrator(_) => "last_administrator",
        Self::SoleAdministrator(_) => "sole_administrator",
        Self::OwnMembership => "own_membership",
        Self::SecretInUse(_) => "secret_in_use",
        Self::UnknownName(_) => "unknown_name",
        Self::Contended => "contended",
        Self::Overloaded => "overloaded",
        Self::KeyNotAvailable => "key_not_available",
        Self::UnsupportedFormat => "unsupported_format",
        Self::DecryptionFailed => "decryption_failed",
        Self::WrongRootKey => "wrong_root_key",
        Self::RedactorTooLarge(_) => "redactor_too_large",
        Self::CannotOpen(_) => "cannot_open",
        Self::CannotBackUp(_) => "cannot_back_up",
        Self::Closed => "closed",
        Self::Forked => "forked",
    }
    {
        Self::Template(error) => error.code(), of TemplateError;
        Self::KeyProvider(error) => error.code(), of ProviderError;
        Self::Storage(storage) => storage.kind.code(), of StorageKind;
    }
}

codes! {
    TemplateError, this => this.kind(),
    {
        TemplateProblem::MissingSecret { .. } => "missing_secret",
        _ => "invalid_template",
    }
}

codes! {
    ProviderError, this => this,
    {
        Self::Failed(_) => "key_provider_failed",
        Self::TimedOut => "key_provider_timed_out",
    }
}

codes! {
    StorageKind, this => this,
    {
        Self::Unavailable => "storage_unavailable",
        Self::OutcomeUnknown => "outcome_unknown",
        Self::ReadOnly => "storage_read_only",
        Self::Corrupt => "storage_corrupt",
        Self::Contract => "storage_contract",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let mut codes: Vec<_> = Error::codes().collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        for error in [Error::Closed, Error::KeyProvider(ProviderError::TimedOut)] {
            assert!(codes.contains(&error.code()));
        }
    }
}

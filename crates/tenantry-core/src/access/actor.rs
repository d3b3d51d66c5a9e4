//! Who acts.

use std::fmt;

use crate::ids::UserId;

/// Who acts: everything that is done is done by one of these.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// A service of the host application, by its name.
    Service(String),
    /// The host application itself.
    Host,
}

/// As the audit log writes it: a user's id, `svc:` and the name of a service, or `host`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Service(name) => write!(f, "svc:{name}"),
            Self::Host => f.write_str("host"),
        }
    }
}

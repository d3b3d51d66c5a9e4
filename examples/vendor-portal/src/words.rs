//! What people read: roles, times, and errors in plain words.

use std::io::Write;

use tenantry::chrono::{DateTime, Utc};
use tenantry::error::Denial;
use tenantry::{Delivery, DeliveryState, Error, MemberState, Role};

/// What is said when it is nobody's fault but the program's.
pub const BROKEN: &str = "The program failed. What you asked for may or may not be done: look before you repeat it.";

/// Prints a line on the terminal. That nobody reads it is no failure.
pub fn print(line: &str) {
    let mut terminal = std::io::stdout();
    let _ = writeln!(terminal, "{line}").and_then(|()| terminal.flush());
}

/// The title of a role.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Administrator",
        Role::User => "User",
        Role::Viewer => "Viewer",
    }
}

/// The title of a member's state.
pub fn state(state: MemberState) -> &'static str {
    match state {
        MemberState::Invited => "Invited",
        MemberState::Active => "Active",
        MemberState::Suspended => "Suspended",
    }
}

/// What became of the mail of an invitation.
pub fn delivery(delivery: &Delivery) -> String {
    let text = match delivery.state {
        DeliveryState::Pending if delivery.attempts == 0 => "mail waits to be sent",
        DeliveryState::Pending => "mail not sent yet",
        DeliveryState::Sending => "mail is being sent",
        DeliveryState::Sent => return format!("mail sent {}", time(delivery.updated_at)),
        DeliveryState::Failed => "mail failed; send the invitation again when the reason is gone",
        DeliveryState::Unknown => "unknown whether the mail was sent",
    };
    let next = delivery.next_attempt_at.map_or_else(String::new, |at| format!(", next attempt {}", time(at)));
    let reason = delivery.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    if delivery.attempts == 0 { text.to_owned() } else { format!("{text}{next}{reason}") }
}

/// A time as people read it.
pub fn time(time: DateTime<Utc>) -> String {
    time.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A name of a program, such as `member.role_changed`, as people read it.
pub fn title(name: &str) -> String {
    let text = name.replace(['.', '_'], " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// "1 customer", "2 customers".
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Names as a sentence lists them.
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// Why it was refused, in plain words.
pub fn refusal(error: &Error) -> String {
    match error {
        Error::InvalidInput(error) => format!("The {} {}.", error.field(), error.reason()),
        Error::NotFound(_) => "There is no such page, or it is not yours to see.".to_owned(),
        Error::PermissionDenied(error) => match error.denial() {
            Denial::Suspended => "You are suspended here. An Administrator can let you back in.".to_owned(),
            Denial::Role(held) => format!(
                "Your role here is {}, which does not allow this ({}). An Administrator can give you another role.",
                role(held),
                error.permission()
            ),
            Denial::Portal => format!("This cannot be done from here ({}).", error.permission()),
        },
        Error::CustomerArchived(_) => "The customer is archived. Take it back into use first.".to_owned(),
        Error::FeatureDisabled(error) => {
            let features: Vec<_> = error.enable().iter().map(|name| title(name)).collect();
            format!("This belongs to what is switched off for you: {}. Your vendor can enable it.", list(&features))
        }
        Error::AlreadyExists(error) => format!("The {} “{}” is taken.", error.field(), error.value()),
        Error::StaleRevision(_) => "Somebody else changed this since you loaded the page.".to_owned(),
        Error::AlreadyMember(_) => "This person is a member already.".to_owned(),
        Error::AlreadyInvited(_) => {
            "This person is invited already. You can send the invitation again from the list.".to_owned()
        }
        Error::InvitationInvalid => {
            "This invitation does not work: it was used, withdrawn, replaced by a newer one, or is too old.".to_owned()
        }
        Error::TooManyInvitations(error) => {
            format!(
                "This person was invited too often lately. The next time is possible at {}.",
                time(error.retry_at())
            )
        }
        Error::LastAdministrator(_) => {
            "This is the last active Administrator here. Make somebody else an Administrator first.".to_owned()
        }
        Error::SoleAdministrator(error) => format!(
            "This person is the last active Administrator of {}. Give each another one first.",
            count(error.places().len() as u64, "place")
        ),
        Error::OwnMembership => "You cannot change your own role, or suspend or remove yourself.".to_owned(),
        Error::SecretInUse(error) => {
            let more = if error.has_more() { " and more" } else { "" };
            format!("It is used by {}{more}.", list(error.deployments()))
        }
        error if error.is_retryable() => "Too much is going on at the moment. Please try again.".to_owned(),
        _ => BROKEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["Alerts"]), "Alerts");
        assert_eq!(list(&["Deployments", "Alerts", "Artifacts"]), "Deployments, Alerts and Artifacts");
        assert_eq!(title("member.role_changed"), "Member role changed");
        assert_eq!([count(0, "user"), count(1, "user")], ["0 users", "1 user"]);
    }
}

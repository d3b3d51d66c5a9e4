//! The users of a place: inviting, roles, suspending, removing.

use std::collections::HashMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tenantry::{Error, Invitation, InvitationStatus, Invited, Member, MemberId, MemberState, Role};

use super::names::Names;
use super::{Asked, encoded, id};
use crate::desk::{Desk, Side};
use crate::given::{Asks, At, Fields};
use crate::notices::Notice;
use crate::page::{Page, done, html};
use crate::problem::{Problem, status};
use crate::words;

#[derive(Template)]
#[template(path = "users.html")]
struct Users {
    page: Page,
    base: String,
    address: String,
    place: String,
    rows: Vec<Row>,
    after: Option<String>,
    first: Option<String>,
    next: Option<String>,
    can_manage: bool,
    can_invite: bool,
    has_nobody_in_charge: bool,
    form: InviteForm,
    name_problem: Option<String>,
    email_problem: Option<String>,
    problem: Option<String>,
}

struct Row {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    raised: bool,
    state: &'static str,
    detail: String,
    is_you: bool,
    is_suspended: bool,
    /// The invitation that was not accepted yet.
    invitation: Option<String>,
    revision: u64,
    /// The name and the role as the forms have them: what was typed when that was refused.
    typed_name: String,
    typed_role: &'static str,
    /// Whether the forms are open.
    open: bool,
    problem: Option<String>,
}

/// A person who is invited, as they are typed.
#[derive(Debug, Default, Deserialize)]
pub struct InviteForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

async fn users(desk: &Desk, asked: &Asked) -> Result<Users, Problem> {
    let found = desk.members().list(asked.page()).await?;
    let mut invitations = HashMap::new();
    for waiting in found.items.iter().filter_map(|member| member.invitation) {
        let invitation = desk.invitations().get(waiting).await?;
        // Unless it ended since the list was read.
        if matches!(invitation.status, InvitationStatus::Pending | InvitationStatus::Expired) {
            invitations.insert(invitation.member, invitation);
        }
    }
    let inviters = found.items.iter().filter_map(|member| member.invited_by.as_deref());
    let names = Names::of(desk, inviters.collect()).await?;
    let has_administrator = found.items.iter().any(|member| {
        let open = invitations.get(&member.id).is_some_and(|it| it.status == InvitationStatus::Pending);
        member.role == Role::Administrator && (member.state == MemberState::Active || open)
    });
    let is_whole = asked.after.is_none() && found.next.is_none();
    let address = format!("{}/users", desk.base);
    let title = if desk.side == Side::Staff { "Manage users" } else { "Users" };
    let can_manage = desk.can_members("manage")?;
    let place = desk.customer.as_ref().map_or(&desk.portal.vendor.name, |customer| &customer.name).clone();
    let rows = found.items.into_iter().map(|member| row(desk, member, &invitations, &names));
    Ok(Users {
        page: desk.page(title, &address, asked.notice.as_deref())?,
        rows: rows.collect(),
        first: asked.after.is_some().then(|| address.clone()),
        next: found.next.map(|next| part(desk, Some(&next.to_string()))),
        after: asked.after.clone(),
        base: desk.base.clone(),
        address,
        place,
        can_manage,
        can_invite: can_manage && !desk.is_archived(),
        has_nobody_in_charge: is_whole && !has_administrator,
        form: InviteForm::default(),
        name_problem: None,
        email_problem: None,
        problem: None,
    })
}

fn row(desk: &Desk, member: Member, invitations: &HashMap<MemberId, Invitation>, names: &Names) -> Row {
    let invitation = invitations.get(&member.id);
    let by = member.invited_by.as_deref().map_or_else(String::new, |by| format!("invited by {}", names.name(by)));
    let mut detail = match invitation {
        Some(it) if it.status == InvitationStatus::Expired => format!("{by}, expired {}", words::time(it.expires_at)),
        Some(it) => format!("{by}, open until {}", words::time(it.expires_at)),
        None => by,
    };
    if let Some(delivery) = invitation.and_then(|it| it.delivery.as_ref()) {
        detail.push_str(&format!(", {}", words::delivery(delivery)));
    }
    Row {
        id: member.id.to_string(),
        typed_name: member.name.clone(),
        name: member.name,
        email: member.email,
        role: words::role(member.role),
        typed_role: member.role.as_str(),
        raised: invitation.is_some_and(|it| it.role == Role::Administrator && it.asked != Role::Administrator),
        state: words::state(member.state),
        detail,
        is_you: member.user == Some(desk.person.user),
        is_suspended: member.state == MemberState::Suspended,
        invitation: invitation.map(|it| it.id.to_string()),
        revision: member.revision,
        open: false,
        problem: None,
    }
}

/// The users of the place.
///
/// # Errors
///
/// When the person may not see them.
pub async fn list(desk: Desk, Asks(asked): Asks<Asked>) -> Result<Response, Problem> {
    html(StatusCode::OK, &users(&desk, &asked).await?)
}

/// Invites a person.
///
/// # Errors
///
/// When the person may not, or the store fails. What is wrong with a field stands beside it.
pub async fn invite(desk: Desk, Fields(form): Fields<InviteForm>) -> Result<Response, Problem> {
    let role = Role::from_name(&form.role).ok_or(Problem::Malformed)?;
    let error = match desk.members().invite(&form.name, &form.email, role).await {
        Ok(invited) => return sent(&desk, &invited, "is invited", None),
        Err(error) => error,
    };
    let problem = Some(words::refusal(&error));
    let (name_problem, email_problem) = match &error {
        Error::InvalidInput(error) if error.field() == "name" => (problem, None),
        Error::InvalidInput(_) | Error::AlreadyMember(_) | Error::AlreadyInvited(_) | Error::TooManyInvitations(_) => {
            (None, problem)
        }
        _ => return Err(error.into()),
    };
    let page = users(&desk, &Asked::default()).await?;
    html(status(&error), &Users { form, name_problem, email_problem, ..page })
}

/// Says that an invitation was made, and how its link gets to the person.
fn sent(desk: &Desk, invited: &Invited, what: &str, after: Option<&str>) -> Result<Response, Problem> {
    let role = words::role(invited.member.role);
    let mut text = format!("{} {what} as {role}.", invited.member.name);
    if invited.raised {
        let asked = words::role(invited.invitation.asked);
        text.push_str(&format!(
            " You asked for {asked}, but the first user is always an Administrator: there was none yet."
        ));
    }
    let link = match &desk.portal.mail {
        Some(mail) => {
            mail.wake();
            text.push_str(&format!(" The mail goes to {}.", invited.member.email));
            None
        }
        None => {
            text.push_str(" No mail server is set, so the link goes by you: it is shown this once.");
            Some(format!("{}#{}", desk.portal.invitation_page(), invited.token.expose()))
        }
    };
    done(&desk.portal, &desk.session, &part(desk, after), Notice { text, link })
}

/// The part of the list that a form was sent from.
fn part(desk: &Desk, after: Option<&str>) -> String {
    let after = after.map_or_else(String::new, |after| format!("?after={}", encoded(after)));
    format!("{}/users{after}", desk.base)
}

/// What an address of a member or an invitation says.
#[derive(Debug, Deserialize)]
pub struct Target {
    id: String,
    action: String,
}

/// What the forms of a member say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActForm {
    name: String,
    role: String,
    revision: Option<u64>,
    after: Option<String>,
}

/// Renames, suspends, resumes or removes a member, or gives them another role.
///
/// # Errors
///
/// When the person may not, or the store fails. A refusal stands in the row of the member.
pub async fn act(desk: Desk, At(target): At<Target>, Fields(form): Fields<ActForm>) -> Result<Response, Problem> {
    let (members, member) = (desk.members(), id::<MemberId>(&target.id)?);
    let name = |member: Member| member.name;
    let answer = match target.action.as_str() {
        "rename" => {
            members.rename(member, &form.name, form.revision).await.map(|it| format!("The name is now {}.", it.name))
        }
        "role" => {
            let role = Role::from_name(&form.role).ok_or(Problem::Malformed)?;
            let answer = members.change_role(member, role, form.revision).await;
            answer.map(|it| format!("{} is {} now.", it.name, words::role(it.role)))
        }
        "suspend" => members.suspend(member).await.map(|it| format!("{} is suspended.", name(it))),
        "resume" => members.resume(member).await.map(|it| format!("{} may act again.", name(it))),
        "remove" => {
            let removed = members.get(member).await?;
            members.remove(member).await.map(|()| format!("{} is removed.", name(removed)))
        }
        _ => return Err(Problem::NoPage),
    };
    match answer {
        Ok(text) => {
            let to = part(&desk, form.after.as_deref());
            done(&desk.portal, &desk.session, &to, Notice { text, link: None })
        }
        Err(error) => refused(&desk, error, member, form).await,
    }
}

/// Sends an invitation again, or withdraws it.
///
/// # Errors
///
/// When the person may not, or the store fails. A refusal stands in the row of the member.
pub async fn invitation(
    desk: Desk,
    At(target): At<Target>,
    Fields(form): Fields<ActForm>,
) -> Result<Response, Problem> {
    let (invitations, invitation) = (desk.invitations(), id(&target.id)?);
    let member = invitations.get(invitation).await?.member;
    let error = match target.action.as_str() {
        "resend" => match invitations.resend(invitation).await {
            Ok(invited) => return sent(&desk, &invited, "is invited again", form.after.as_deref()),
            Err(error) => error,
        },
        "revoke" => match invitations.revoke(invitation).await {
            Ok(()) => {
                let text = "The invitation is withdrawn, and its link no longer works.".to_owned();
                let to = part(&desk, form.after.as_deref());
                return done(&desk.portal, &desk.session, &to, Notice { text, link: None });
            }
            Err(error) => error,
        },
        _ => return Err(Problem::NoPage),
    };
    refused(&desk, error, member, form).await
}

/// The page with a refusal in the row of the member, and with what was typed there. What is about no row has a page of its
/// own.
async fn refused(desk: &Desk, error: Error, member: MemberId, form: ActForm) -> Result<Response, Problem> {
    let status = status(&error);
    if !matches!(status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::TOO_MANY_REQUESTS) {
        return Err(error.into());
    }
    let mut text = words::refusal(&error);
    if let Error::LastAdministrator(last) = &error {
        let mut others = Vec::new();
        for remaining in last.remaining().iter().take(5) {
            let name = desk.members().get(remaining.id).await?.name;
            others.push(format!("{name} ({})", words::role(remaining.role)));
        }
        text.push_str(&match others.as_slice() {
            [] => " Nobody else is a user here.".to_owned(),
            others => format!(" Others who remain: {}.", words::list(others)),
        });
    }
    let mut page = users(desk, &Asked { after: form.after, notice: None }).await?;
    match page.rows.iter_mut().find(|row| row.id == member.to_string()) {
        Some(row) => {
            row.problem = Some(text);
            if let Some(role) = Role::from_name(&form.role) {
                (row.typed_role, row.open) = (role.as_str(), true);
            } else if !form.name.is_empty() {
                (row.typed_name, row.open) = (form.name, true);
            }
        }
        None => page.problem = Some(text),
    }
    html(status, &page)
}

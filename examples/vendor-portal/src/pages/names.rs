//! The names of those who did something, as far as the reader may know them.
//!
//! tenantry notes who acted by id, and names belong to a place: who may see the members of a place may learn their names,
//! and nobody learns more here.

use std::collections::{HashMap, HashSet};

use tenantry::{CustomerId, Error, Members, UserId};

use crate::desk::{Desk, Side};
use crate::problem::Problem;

/// Names by id.
#[derive(Debug)]
pub struct Names {
    known: HashMap<String, String>,
    /// What is said of a person whose name the reader may not know.
    others: String,
}

impl Names {
    /// The names of these actors, as the audit log writes actors, who acted in the place of the desk.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn of(desk: &Desk, actors: Vec<&str>) -> Result<Self, Problem> {
        let here = desk.customer.as_ref().map(|customer| customer.id);
        Self::across(desk, actors.into_iter().map(|actor| (actor, here)).collect()).await
    }

    /// The names of these actors, each of whom acted in the vendor or in one of its customers.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn across(desk: &Desk, actors: HashSet<(&str, Option<CustomerId>)>) -> Result<Self, Problem> {
        let own = desk.person.user.to_string();
        let others = match (&desk.customer, desk.side, desk.can_members("view")?) {
            (Some(customer), Side::Member, true) => format!("someone who is no user of {}", customer.name),
            _ => "another person".to_owned(),
        };
        let mut names = Self { known: HashMap::from([(own, "you".to_owned())]), others };
        let staff = desk.staff();
        for (actor, customer) in actors {
            let Ok(user) = actor.parse::<UserId>() else { continue };
            if names.known.contains_key(actor) {
                continue;
            }
            let mut name = None;
            if desk.side == Side::Member {
                name = name_in(&desk.members(), user).await?;
            } else {
                if let Some(customer) = customer {
                    name = name_in(&staff.customer(customer).members(), user).await?;
                }
                if name.is_none() {
                    name = name_in(&staff.members(), user).await?;
                }
            }
            if let Some(name) = name {
                names.known.insert(actor.to_owned(), name);
            }
        }
        Ok(names)
    }

    /// The name of an actor.
    pub fn name(&self, actor: &str) -> String {
        if let Some(name) = self.known.get(actor) {
            return name.clone();
        }
        match actor.strip_prefix("svc:") {
            Some(service) => format!("the service {service}"),
            None if actor == "host" => "this program".to_owned(),
            None => format!("{} ({})", self.others, short(actor)),
        }
    }
}

/// The name of a person in a place, if they are a member of it and the reader may see the members.
async fn name_in(members: &Members, user: UserId) -> Result<Option<String>, Problem> {
    match members.find(user).await {
        Ok(member) => Ok(Some(member.name)),
        Err(Error::NotFound(_) | Error::PermissionDenied(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// An id as far as people compare it.
pub fn short(id: &str) -> String {
    match (id.get(..4), id.len().checked_sub(6).and_then(|begin| id.get(begin..))) {
        (Some(first), Some(last)) if id.len() > 12 => format!("{first}…{last}"),
        _ => id.to_owned(),
    }
}

//! The race: many hands at random on a few customers, in threads and in processes, and what must hold afterwards.

use std::collections::BTreeMap;

use tenantry_core::{
    CustomerId, CustomerPatch, CustomerScope, Error, InvitationToken, NewCustomer, PageRequest, Role, Tenantry,
    VendorScope, VerifiedEmail,
};

use crate::Failure;

const VENDOR: &str = "race";
const STAFF: &str = "ada@race.test";
const CUSTOMERS: u64 = 4;
const PEOPLE: u64 = 6;

/// How many rounds each hand does: few for every day, more with the environment variable `TENANTRY_LONG`.
pub fn rounds() -> u64 {
    if std::env::var_os("TENANTRY_LONG").is_some() { 5_000 } else { 500 }
}

/// Makes the vendor that the hands work on.
///
/// # Errors
///
/// When that fails.
pub fn prepare(app: &Tenantry) -> Result<(), Failure> {
    app.bootstrap(VENDOR, "Race", "Ada", STAFF).wait()?;
    Ok(())
}

/// How many times each customer was updated: no update may be lost.
pub type Updates = BTreeMap<CustomerId, u64>;

/// One hand: invites, accepts, removes, demotes, suspends, resumes, deletes and renames at random.
///
/// # Errors
///
/// On any error that is no refusal by a rule: the store's own trouble never reaches a caller.
pub fn work(app: &Tenantry, seed: u64, rounds: u64) -> Result<Updates, Failure> {
    let mut hand = Hand { app, staff: staff(app)?, dice: Dice(seed), tokens: Vec::new(), updates: Updates::new() };
    for _ in 0..rounds {
        match hand.act() {
            Ok(()) => {}
            Err(error) if is_refusal(&error) => {}
            Err(error) => return Err(format!("`{}`: {error}", error.code()).into()),
        }
    }
    Ok(hand.updates)
}

/// What must hold when all hands rest: `verify` finds nothing and no update was lost.
///
/// # Errors
///
/// When something does not hold.
pub fn check(app: &Tenantry, updates: &[Updates]) -> Result<(), Failure> {
    if let Some(first) = app.maintenance("race").verify(Vec::new()).wait()?.first() {
        return Err(first.to_string().into());
    }
    let staff = staff(app)?;
    for number in 0..CUSTOMERS {
        let Ok(customer) = staff.customers().find(&number.to_string()).wait() else { continue };
        let made: u64 = updates.iter().filter_map(|updates| updates.get(&customer.id)).sum();
        if customer.revision != made + 1 {
            return Err(format!("{} updates, but revision {}", made, customer.revision).into());
        }
    }
    Ok(())
}

fn staff(app: &Tenantry) -> Result<VendorScope, Failure> {
    let vendors = app.vendors(PageRequest::first()).wait()?.items;
    let vendor = vendors.iter().find(|vendor| vendor.key == VENDOR).ok_or("no vendor")?.id;
    let identity = app.identify(vendor, VerifiedEmail::new(STAFF)).wait()?.ok_or("no staff")?;
    Ok(app.vendor(vendor, identity.user))
}

/// Refusals that a rule gives to who comes too late.
fn is_refusal(error: &Error) -> bool {
    let refusals = [
        "not_found",
        "permission_denied",
        "feature_disabled",
        "already_exists",
        "already_member",
        "already_invited",
        "invitation_invalid",
        "too_many_invitations",
        "last_administrator",
        "own_membership",
        "invalid_input",
    ];
    refusals.contains(&error.code())
}

struct Hand<'a> {
    app: &'a Tenantry,
    staff: VendorScope,
    dice: Dice,
    tokens: Vec<(InvitationToken, String)>,
    updates: Updates,
}

impl Hand<'_> {
    fn act(&mut self) -> Result<(), Error> {
        let scope = self.customer()?;
        match self.dice.up_to(16) {
            0..=3 => {
                let email = format!("p{}@race.test", self.dice.up_to(PEOPLE));
                let role = self.role();
                let invited = scope.members().invite("Person", &email, role).wait()?;
                self.tokens.push((invited.token, email));
                Ok(())
            }
            4..=7 => {
                let Some((token, email)) = self.tokens.pop() else { return Ok(()) };
                if self.dice.up_to(8) == 0 {
                    return self.app.decline_invitation(&token, VerifiedEmail::new(email)).wait();
                }
                self.app.accept_invitation(&token, VerifiedEmail::new(email)).wait().map(drop)
            }
            8 => {
                let updated = scope.update(CustomerPatch::new().name(format!("Name {}", self.dice.next()))).wait()?;
                *self.updates.entry(updated.id).or_default() += 1;
                Ok(())
            }
            9 if self.dice.up_to(6) == 0 => {
                let customer = scope.get().wait()?;
                scope.delete(&customer.name).wait()
            }
            10 => {
                let invitations = scope.invitations().list(PageRequest::first()).wait()?.items;
                let Some(last) = invitations.last() else { return Ok(()) };
                if self.dice.up_to(2) == 0 {
                    scope.invitations().revoke(last.id).wait()
                } else {
                    let resent = scope.invitations().resend(last.id).wait()?;
                    self.tokens.push((resent.token, resent.member.email));
                    Ok(())
                }
            }
            _ => self.act_on_a_member(&scope),
        }
    }

    /// As staff or as one of the customer's own members.
    fn act_on_a_member(&mut self, scope: &CustomerScope) -> Result<(), Error> {
        let members = scope.members().list(PageRequest::first()).wait()?.items;
        let count = members.len() as u64;
        let pick = |dice: &mut Dice| usize::try_from(dice.up_to(count.max(1))).ok().and_then(|at| members.get(at));
        let Some(target) = pick(&mut self.dice) else { return Ok(()) };
        let own = pick(&mut self.dice).and_then(|member| member.user);
        let scope = match (own, scope.place().customer()) {
            (Some(user), Some(customer)) if self.dice.up_to(2) == 0 => {
                self.app.customer(scope.place().vendor(), customer, user)
            }
            _ => scope.clone(),
        };
        match self.dice.up_to(4) {
            0 => scope.members().remove(target.id).wait(),
            1 => scope.members().suspend(target.id).wait().map(drop),
            2 => scope.members().resume(target.id).wait().map(drop),
            _ => scope.members().change_role(target.id, self.role(), None).wait().map(drop),
        }
    }

    /// One of the customers; it is made when it is not there.
    fn customer(&mut self) -> Result<CustomerScope, Error> {
        let number = self.dice.up_to(CUSTOMERS).to_string();
        let found = self.staff.customers().find(&number).wait();
        let customer = match found {
            Ok(customer) => customer,
            Err(_) => self.staff.customers().create(NewCustomer::new("Customer").external_id(number)).wait()?,
        };
        Ok(self.staff.customer(customer.id))
    }

    fn role(&mut self) -> Role {
        match self.dice.up_to(3) {
            0 => Role::Administrator,
            1 => Role::User,
            _ => Role::Viewer,
        }
    }
}

/// Marsaglia's xorshift64: the same throws for the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn up_to(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// Everybody invites into the same customers at the same time; answers how often this hand's invitation was raised.
///
/// # Errors
///
/// On any error but that of a rule.
pub fn invite_all(app: &Tenantry, hand: u64, customers: u64) -> Result<u64, Failure> {
    let staff = staff(app)?;
    let mut raised = 0;
    for number in 0..customers {
        let id = format!("raise {number}");
        let customer = match staff.customers().create(NewCustomer::new("Customer").external_id(id.as_str())).wait() {
            Ok(customer) => customer,
            Err(error) if error.code() == "already_exists" => staff.customers().find(&id).wait()?,
            Err(error) => return Err(error.into()),
        };
        let members = staff.customer(customer.id).members();
        raised += u64::from(members.invite("Person", &format!("h{hand}@race.test"), Role::Viewer).wait()?.raised);
    }
    Ok(raised)
}

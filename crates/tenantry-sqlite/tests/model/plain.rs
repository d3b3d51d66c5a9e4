//! The rules in the plainest form: vectors, and a walk through them for every question.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tenantry_core::{Customer, CustomerId, CustomerStatus, Error, Member, MemberId, MemberState, Role};

use super::secrets::PlainSecrets;
use super::{Do, EXTERNAL_IDS, FEATURES, KEYS, NAMES, PEOPLE, PERMISSIONS, Shown, TEXTS, VALUES};

/// The code of a refusal.
pub(super) type Code = &'static str;

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Staff(Role),
    /// From the customer's side.
    Person(usize),
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const WINDOW: Duration = Duration::from_secs(10 * 60);

struct PlainMember {
    id: MemberId,
    person: usize,
    name: String,
    role: Role,
    state: MemberState,
    /// While invited: the number of the token that works, and until when.
    token: usize,
    expires: Duration,
}

impl PlainMember {
    fn administers(&self) -> bool {
        self.role == Role::Administrator && self.state == MemberState::Active
    }
}

struct PlainCustomer {
    id: CustomerId,
    name: String,
    external_id: String,
    archived: bool,
    features: BTreeSet<&'static str>,
    claimed: bool,
    revision: u64,
    members: Vec<PlainMember>,
    secrets: PlainSecrets,
    /// For each person the time of the last token, and the times of repeats.
    sends: BTreeMap<usize, (Duration, Vec<Duration>)>,
}

impl PlainCustomer {
    fn has_active_administrator(&self) -> bool {
        self.members.iter().any(PlainMember::administers)
    }
}

pub(super) struct Plain {
    customers: Vec<PlainCustomer>,
    now: Duration,
    tokens: usize,
}

/// What an operation needs: from staff, from the customer's side (with a feature), and whether staff may on an archived one.
struct Needs {
    staff: &'static [Role],
    members: &'static [Role],
    feature: &'static str,
    archived: bool,
}

const ALL: &[Role] = &[Role::Administrator, Role::User, Role::Viewer];
const EDITORS: &[Role] = &[Role::Administrator, Role::User];
const ADMINISTRATORS: &[Role] = &[Role::Administrator];
const NOBODY: &[Role] = &[];

const MANAGE_CUSTOMER: Needs = Needs { staff: EDITORS, members: NOBODY, feature: "", archived: true };
const ARCHIVE: Needs = Needs { staff: EDITORS, members: NOBODY, feature: "", archived: false };
const DELETE: Needs = Needs { staff: ADMINISTRATORS, members: NOBODY, feature: "", archived: true };
const MANAGE_MEMBERS: Needs = Needs { staff: EDITORS, members: ADMINISTRATORS, feature: "", archived: false };
const REMOVE_MEMBERS: Needs = Needs { archived: true, ..MANAGE_MEMBERS };
const VIEW_SECRETS: Needs = Needs { staff: ALL, members: ALL, feature: "deployments", archived: true };
const MANAGE_SECRETS: Needs = Needs { staff: EDITORS, members: EDITORS, feature: "deployments", archived: false };

impl Plain {
    pub(super) fn new() -> Self {
        Self { customers: Vec::new(), now: Duration::from_secs(1_000_000), tokens: 0 }
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.now += by;
    }

    /// The id of a customer; one that nobody has if there are not so many.
    pub(super) fn id(&self, customer: usize) -> CustomerId {
        let nobody = CustomerId::from_uuid(uuid::Uuid::from_u128(7));
        self.customers.get(customer).map_or(nobody, |customer| customer.id)
    }

    pub(super) fn name(&self, customer: usize) -> String {
        self.customers.get(customer).map(|customer| customer.name.clone()).unwrap_or_default()
    }

    pub(super) fn member_id(&self, customer: usize, member: usize) -> MemberId {
        let nobody = MemberId::from_uuid(uuid::Uuid::from_u128(7));
        self.customers.get(customer).and_then(|it| it.members.get(member)).map_or(nobody, |member| member.id)
    }

    /// R2, in its order.
    fn may(&self, by: By, customer: usize, needs: &Needs) -> Result<(), Code> {
        let customer = self.customers.get(customer).ok_or("not_found")?;
        match by {
            By::Staff(role) => {
                if customer.archived && !needs.archived {
                    return Err("customer_archived");
                }
                if needs.staff.contains(&role) { Ok(()) } else { Err("permission_denied") }
            }
            By::Person(person) => {
                let member = customer.members.iter().find(|member| member.person == person).ok_or("not_found")?;
                match member.state {
                    MemberState::Invited => return Err("not_found"),
                    MemberState::Suspended => return Err("permission_denied"),
                    MemberState::Active => {}
                }
                if customer.archived {
                    return Err("customer_archived");
                }
                if !needs.members.contains(&member.role) {
                    return Err("permission_denied");
                }
                let on = needs.feature.is_empty() || customer.features.contains(needs.feature);
                if on { Ok(()) } else { Err("feature_disabled") }
            }
        }
    }

    /// Does to the model what was done to the stores. Ids are taken from what they answered.
    pub(super) fn act(&mut self, by: By, action: &Do, found: &Result<Shown, Error>) -> Result<(), Code> {
        match *action {
            Do::Create { name, external_id } => self.create(by, NAMES[name], EXTERNAL_IDS[external_id], found),
            Do::Rename { customer, name } => {
                self.may(by, customer, &MANAGE_CUSTOMER)?;
                let name = NAMES[name];
                if name.is_empty() {
                    return Err("invalid_input");
                }
                let it = &mut self.customers[customer];
                if it.name != name {
                    it.name = name.to_owned();
                    it.revision += 1;
                }
                Ok(())
            }
            Do::SetExternalId { customer, external_id } => {
                self.may(by, customer, &MANAGE_CUSTOMER)?;
                if self.customers[customer].archived {
                    return Err("customer_archived");
                }
                let external_id = EXTERNAL_IDS[external_id];
                if self.customers[customer].external_id == external_id {
                    return Ok(());
                }
                self.free(external_id)?;
                let it = &mut self.customers[customer];
                it.external_id = external_id.to_owned();
                it.revision += 1;
                Ok(())
            }
            Do::Archive { customer } => {
                self.may(by, customer, &ARCHIVE)?;
                let it = &mut self.customers[customer];
                it.archived = true;
                it.revision += 1;
                Ok(())
            }
            Do::Unarchive { customer } => {
                self.may(by, customer, &MANAGE_CUSTOMER)?;
                let it = &mut self.customers[customer];
                it.revision += u64::from(it.archived);
                it.archived = false;
                Ok(())
            }
            Do::Delete { customer } => {
                self.may(by, customer, &DELETE)?;
                self.customers.remove(customer);
                Ok(())
            }
            Do::Filter { text } => self.filter(TEXTS[text], found),
            Do::Invite { customer, person, role } => self.invite(by, customer, person, role, found),
            Do::Accept { token, person } => self.answer(token, person, true),
            Do::Decline { token, person } => self.answer(token, person, false),
            Do::Resend { customer, member } => self.resend(by, customer, member),
            Do::Revoke { customer, member } => self.revoke(by, customer, member),
            Do::ChangeRole { customer, member, role } => self.amend(by, customer, member, &REMOVE_MEMBERS, |member| {
                member.role = role;
                Ok(())
            }),
            Do::Suspend { customer, member } => {
                self.amend(by, customer, member, &MANAGE_MEMBERS, |member| to_state(member, MemberState::Suspended))
            }
            Do::Resume { customer, member } => {
                self.amend(by, customer, member, &MANAGE_MEMBERS, |member| to_state(member, MemberState::Active))
            }
            Do::Remove { customer, member } => self.remove(by, customer, member),
            Do::RenameMember { customer, member, name } => {
                self.may(by, customer, &MANAGE_MEMBERS)?;
                let member = self.customers[customer].members.get_mut(member).ok_or("not_found")?;
                if NAMES[name].is_empty() {
                    return Err("invalid_input");
                }
                member.name = NAMES[name].to_owned();
                Ok(())
            }
            Do::Enable { customer, feature } => {
                self.may(by, customer, &ARCHIVE)?;
                let features = &mut self.customers[customer].features;
                features.insert(FEATURES[feature]);
                if FEATURES[feature] == "alerts" {
                    features.insert("deployments");
                }
                Ok(())
            }
            Do::Disable { customer, feature } => {
                self.may(by, customer, &ARCHIVE)?;
                let features = &mut self.customers[customer].features;
                features.remove(FEATURES[feature]);
                if FEATURES[feature] == "deployments" {
                    features.remove("alerts");
                }
                Ok(())
            }
            Do::SetSecret { customer, key, value, based_on } => {
                self.secrets(by, customer)?.set(KEYS[key], VALUES[value], based_on)
            }
            Do::RollBack { customer, key, version } => self.secrets(by, customer)?.roll_back(KEYS[key], version),
            Do::Destroy { customer, key, version } => self.secrets(by, customer)?.destroy(KEYS[key], version),
            Do::DeleteSecret { customer, key } => self.secrets(by, customer)?.delete(KEYS[key]),
            Do::Versions { customer, key } => {
                self.may(by, customer, &VIEW_SECRETS)?;
                shows(found, &self.customers[customer].secrets.versions(KEYS[key])?)
            }
            Do::Resolve { customer, key } => {
                let customer = self.customers.get(customer).ok_or("not_found")?;
                if customer.archived {
                    return Err("customer_archived");
                }
                if !customer.features.contains("deployments") {
                    return Err("feature_disabled");
                }
                shows(found, &[customer.secrets.value(KEYS[key])?.to_owned()])
            }
            Do::Erase { person } => self.erase(by, person),
            Do::Can { customer, permission } => self.can(by, customer, PERMISSIONS[permission], found),
            Do::Wait { minutes } => {
                self.now += Duration::from_secs(60 * minutes);
                Ok(())
            }
        }
    }

    fn create(&mut self, by: By, name: &str, external_id: &str, found: &Result<Shown, Error>) -> Result<(), Code> {
        let By::Staff(role) = by else { return Ok(()) };
        if role == Role::Viewer {
            return Err("permission_denied");
        }
        if name.is_empty() {
            return Err("invalid_input");
        }
        self.free(external_id)?;
        let Ok(Shown::Customers(made)) = found else { return Ok(()) };
        self.customers.push(PlainCustomer {
            id: made[0].id,
            name: name.to_owned(),
            external_id: external_id.to_owned(),
            archived: false,
            features: BTreeSet::from(["deployments", "artifacts"]),
            claimed: false,
            revision: 1,
            members: Vec::new(),
            secrets: PlainSecrets::default(),
            sends: BTreeMap::new(),
        });
        Ok(())
    }

    fn free(&self, external_id: &str) -> Result<(), Code> {
        let taken = !external_id.is_empty() && self.customers.iter().any(|it| it.external_id == external_id);
        if taken { Err("already_exists") } else { Ok(()) }
    }

    /// C7: who is found, in which order.
    #[expect(clippy::panic_in_result_fn, reason = "a difference fails the test; the result is the refusal expected")]
    fn filter(&self, text: &str, found: &Result<Shown, Error>) -> Result<(), Code> {
        let needle = text.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&needle);
        let matches = |it: &&PlainCustomer| {
            contains(&it.name)
                || contains(&it.external_id)
                || it.members.iter().any(|member| contains(PEOPLE[member.person]))
        };
        let mut expected: Vec<_> =
            self.customers.iter().filter(matches).map(|it| (it.name.to_lowercase(), it.id)).collect();
        expected.sort();
        let Ok(Shown::Customers(found)) = found else { return Ok(()) };
        let found: Vec<_> = found.iter().map(|it| (it.name.to_lowercase(), it.id)).collect();
        assert_eq!(found, expected, "c7");
        Ok(())
    }

    fn invite(
        &mut self,
        by: By,
        customer: usize,
        person: usize,
        role: Role,
        found: &Result<Shown, Error>,
    ) -> Result<(), Code> {
        self.may(by, customer, &MANAGE_MEMBERS)?;
        let (now, it) = (self.now, &mut self.customers[customer]);
        if let Some(member) = it.members.iter().find(|member| member.person == person) {
            if member.state != MemberState::Invited {
                return Err("already_member");
            }
            if now < member.expires {
                return Err("already_invited");
            }
        }
        count_send(it, person, now, false)?;
        // U2: whoever else holds an open invitation as Administrator.
        let open = |member: &PlainMember| {
            member.person != person
                && member.role == Role::Administrator
                && member.state == MemberState::Invited
                && now < member.expires
        };
        let raised = !it.has_active_administrator() && !it.members.iter().any(open);
        let role = if raised { Role::Administrator } else { role };
        self.tokens += 1;
        let Ok(Shown::Member(shown)) = found else { return Ok(()) };
        let member = PlainMember {
            id: shown.id,
            person,
            name: "Somebody".to_owned(),
            role,
            state: MemberState::Invited,
            token: self.tokens,
            expires: now + WEEK,
        };
        // An expired invitation is replaced: the membership keeps its place.
        match it.members.iter_mut().find(|member| member.person == person) {
            Some(old) => *old = member,
            None => it.members.push(member),
        }
        Ok(())
    }

    fn resend(&mut self, by: By, customer: usize, member: usize) -> Result<(), Code> {
        if self.customers.get(customer).and_then(|it| it.members.get(member)).is_none() {
            return Ok(());
        }
        self.may(by, customer, &MANAGE_MEMBERS)?;
        let (now, it) = (self.now, &mut self.customers[customer]);
        if it.members[member].state != MemberState::Invited {
            return Err("invalid_input");
        }
        count_send(it, it.members[member].person, now, true)?;
        self.tokens += 1;
        let member = &mut it.members[member];
        (member.token, member.expires) = (self.tokens, now + WEEK);
        Ok(())
    }

    fn revoke(&mut self, by: By, customer: usize, member: usize) -> Result<(), Code> {
        if self.customers.get(customer).and_then(|it| it.members.get(member)).is_none() {
            return Ok(());
        }
        self.may(by, customer, &MANAGE_MEMBERS)?;
        let members = &mut self.customers[customer].members;
        if members[member].state != MemberState::Invited {
            return Err("invalid_input");
        }
        members.remove(member);
        Ok(())
    }

    /// U3: accepting or declining with one of the latest tokens.
    fn answer(&mut self, back: usize, person: usize, accept: bool) -> Result<(), Code> {
        if back >= self.tokens {
            return Ok(());
        }
        let (token, now) = (self.tokens - back, self.now);
        let works = |member: &PlainMember| {
            member.token == token
                && member.person == person
                && member.state == MemberState::Invited
                && now < member.expires
        };
        let place = self.customers.iter_mut().filter(|it| !it.archived).find(|it| it.members.iter().any(works));
        let it = place.ok_or("invitation_invalid")?;
        if !accept {
            it.members.retain(|member| !works(member));
            return Ok(());
        }
        if let Some(member) = it.members.iter_mut().find(|member| works(member)) {
            member.state = MemberState::Active;
        }
        it.claimed |= it.has_active_administrator();
        Ok(())
    }

    /// U8, U9.
    fn amend(
        &mut self,
        by: By,
        customer: usize,
        member: usize,
        needs: &Needs,
        change: impl FnOnce(&mut PlainMember) -> Result<(), Code>,
    ) -> Result<(), Code> {
        self.may(by, customer, needs)?;
        let it = &mut self.customers[customer];
        let member = it.members.get_mut(member).ok_or("not_found")?;
        if matches!(by, By::Person(person) if person == member.person) {
            return Err("own_membership");
        }
        let before = (member.role, member.state);
        change(member)?;
        let id = member.id;
        if it.claimed && !it.has_active_administrator() {
            if let Some(member) = it.members.iter_mut().find(|member| member.id == id) {
                (member.role, member.state) = before;
            }
            return Err("last_administrator");
        }
        it.claimed |= it.has_active_administrator();
        Ok(())
    }

    fn remove(&mut self, by: By, customer: usize, member: usize) -> Result<(), Code> {
        self.may(by, customer, &REMOVE_MEMBERS)?;
        let it = &mut self.customers[customer];
        let target = it.members.get(member).ok_or("not_found")?;
        if matches!(by, By::Person(person) if person == target.person) {
            return Err("own_membership");
        }
        let removed = it.members.remove(member);
        if it.claimed && !it.members.is_empty() && !it.has_active_administrator() {
            it.members.insert(member, removed);
            return Err("last_administrator");
        }
        it.claimed &= !it.members.is_empty();
        Ok(())
    }

    fn secrets(&mut self, by: By, customer: usize) -> Result<&mut PlainSecrets, Code> {
        self.may(by, customer, &MANAGE_SECRETS)?;
        Ok(&mut self.customers[customer].secrets)
    }

    /// U12.
    fn erase(&mut self, by: By, person: usize) -> Result<(), Code> {
        match by {
            By::Staff(Role::Administrator) => {}
            By::Staff(_) => return Err("permission_denied"),
            By::Person(_) => return Err("not_found"),
        }
        let has = |it: &PlainCustomer| it.members.iter().any(|member| member.person == person);
        if !self.customers.iter().any(has) {
            return Err("not_found");
        }
        // U9: whoever remains in a claimed place has an active Administrator.
        let leaves_some_alone = |it: &PlainCustomer| {
            let remaining: Vec<_> = it.members.iter().filter(|member| member.person != person).collect();
            it.claimed && !remaining.is_empty() && !remaining.into_iter().any(PlainMember::administers)
        };
        if self.customers.iter().filter(|it| has(it)).any(leaves_some_alone) {
            return Err("sole_administrator");
        }
        for it in self.customers.iter_mut().filter(|it| has(it)) {
            it.members.retain(|member| member.person != person);
            it.claimed &= !it.members.is_empty();
        }
        Ok(())
    }

    #[expect(clippy::panic_in_result_fn, reason = "a difference fails the test; the result is the refusal expected")]
    fn can(&self, by: By, customer: usize, permission: &str, found: &Result<Shown, Error>) -> Result<(), Code> {
        let needs = match (permission, by) {
            ("dashboard.view", _) => Needs { staff: ALL, members: ALL, feature: "", archived: true },
            ("deployments.edit", _) => {
                Needs { staff: EDITORS, members: EDITORS, feature: "deployments", archived: false }
            }
            ("alerts.view", _) => Needs { staff: NOBODY, members: ALL, feature: "alerts", archived: false },
            ("users.manage", _) => {
                Needs { staff: ADMINISTRATORS, members: ADMINISTRATORS, feature: "", archived: true }
            }
            _ => Needs { staff: EDITORS, members: NOBODY, feature: "", archived: true },
        };
        let Ok(Shown::Can(found)) = found else { return Ok(()) };
        assert_eq!(*found, self.may(by, customer, &needs).is_ok(), "r2");
        Ok(())
    }

    /// The whole state, as the stores list it.
    pub(super) fn compare(&self, state: &[(Customer, Vec<Member>, Vec<String>)]) -> Result<(), String> {
        let mut expected: Vec<_> = self.customers.iter().collect();
        expected.sort_by_key(|it| (it.name.to_lowercase(), it.id));
        if expected.len() != state.len() {
            return Err(format!("{} customers, not {}", state.len(), expected.len()));
        }
        for (it, (customer, members, keys)) in expected.into_iter().zip(state) {
            let same = it.id == customer.id
                && it.name == customer.name
                && it.external_id == customer.external_id.clone().unwrap_or_default()
                && it.archived == (customer.status == CustomerStatus::Archived)
                && it.revision == customer.revision
                && it.features == customer.features.iter().map(String::as_str).collect()
                && it.members.len() as u64 == customer.members
                && it.secrets.len() as u64 == customer.secrets
                && it.secrets.listed() == *keys;
            if !same {
                return Err(format!("{customer:?} with {keys:?}"));
            }
            let plain = it.members.iter().map(|it| (it.id, PEOPLE[it.person], it.name.as_str(), it.role, it.state));
            let listed = members.iter().map(|it| (it.id, it.email.to_lowercase(), it.name.as_str(), it.role, it.state));
            for (plain, listed) in plain.zip(listed) {
                let same = (plain.0, plain.2, plain.3, plain.4) == (listed.0, listed.2, listed.3, listed.4);
                if !same || plain.1.to_lowercase() != listed.1 {
                    return Err(format!("member {listed:?}, not {plain:?}"));
                }
            }
        }
        Ok(())
    }
}

/// What an operation showed, if it was done.
#[expect(clippy::panic_in_result_fn, reason = "a difference fails the test; the result is the refusal expected")]
fn shows(found: &Result<Shown, Error>, expected: &[String]) -> Result<(), Code> {
    if let Ok(Shown::Names(found)) = found {
        assert_eq!(found, expected, "s5");
    }
    Ok(())
}

fn to_state(member: &mut PlainMember, state: MemberState) -> Result<(), Code> {
    if member.state == MemberState::Invited {
        return Err("invalid_input");
    }
    member.state = state;
    Ok(())
}

/// U4: a repeat is a resending, or an invitation within ten minutes of the one before; three are allowed in ten minutes.
fn count_send(it: &mut PlainCustomer, person: usize, now: Duration, resent: bool) -> Result<(), Code> {
    let lately = it.sends.get(&person).filter(|(latest, _)| now - *latest < WINDOW);
    let is_repeat = resent || lately.is_some();
    let repeats = lately.map(|(_, repeats)| repeats.as_slice()).unwrap_or_default();
    let mut repeats: Vec<_> = repeats.iter().copied().filter(|time| now - *time < WINDOW).collect();
    if is_repeat {
        if repeats.len() >= 3 {
            return Err("too_many_invitations");
        }
        repeats.push(now);
    }
    it.sends.insert(person, (now, repeats));
    Ok(())
}

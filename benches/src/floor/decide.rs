//! The floor of P2: one statement that joins membership, status and features by primary key.

use super::FloorStore;
use crate::world::World;

pub(crate) fn decide(store: &FloorStore, world: &World) -> rusqlite::Result<bool> {
    let vendor = *world.staff.vendor_id().as_uuid().as_bytes();
    let place = *world.member.place().uuid().as_bytes();
    let user = match world.member.actor() {
        tenantry::Actor::User(user) => *user.as_uuid().as_bytes(),
        tenantry::Actor::Service(_) | tenantry::Actor::Host => [0; 16],
    };
    let mut statement = store.connection.prepare_cached(
        "SELECT c.status, c.features, m.role, m.state
         FROM customers AS c JOIN members AS m ON m.vendor_id = c.vendor_id AND m.place_id = c.id
         WHERE c.vendor_id = ?1 AND c.id = ?2 AND m.user_id = ?3",
    )?;
    statement.query_row((vendor, place, user), |row| {
        let is = |index, word: &str| row.get_ref(index).map(|value| value.as_str() == Ok(word));
        let features = row.get_ref(1)?.as_str()?.contains(" deployments ");
        Ok(is(0, "active")? && features && !is(2, "viewer")? && is(3, "active")?)
    })
}

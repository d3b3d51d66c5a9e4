//! There is no data operation without an actor.
fn act(app: tenantry::Tenantry) {
    let _ = app.customers();
}

fn main() {}

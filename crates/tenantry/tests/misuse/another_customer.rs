//! P2: a customer's handle takes no customer id.
fn reach(own: tenantry::CustomerScope, other: tenantry::CustomerId) {
    let _ = own.customer(other);
}

fn main() {}

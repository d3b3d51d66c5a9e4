//! An id of one kind is no id of another.
fn mix(vendor: tenantry::VendorScope, user: tenantry::UserId) {
    let _ = vendor.customer(user);
}

fn main() {}

#![deny(unused_must_use)]
//! A call that nobody waits for does nothing, and says so.
fn forget(vendor: tenantry::VendorScope) {
    vendor.customers().create(tenantry::NewCustomer::new("Globex"));
}

fn main() {}

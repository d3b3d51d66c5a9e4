//! Records may grow: hosts cannot make them up, and cannot take them apart without `..`.
fn take_apart(page: tenantry::Page<tenantry::Customer>) {
    let tenantry::Page { items: _, next: _ } = page;
}

fn main() {}

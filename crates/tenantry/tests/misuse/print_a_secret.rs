//! A secret value and a token have no `Display`.
fn print(value: tenantry::SecretValue, token: tenantry::InvitationToken) {
    println!("{value} {token}");
}

fn main() {}

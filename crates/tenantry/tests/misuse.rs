//! What cannot be written, because it does not compile: reaching another tenant, forgetting the actor, printing a secret.

#[test]
fn misuse_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/misuse/*.rs");
}

//! What must not compile.

#[test]
fn what_nobody_may_write_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

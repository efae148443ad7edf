//! Who may do what: roles, the grants that give them, and the one decision.
//!
//! A **role** stands on one object and gives permissions there ([`role`] is the whole table). A **grant** gives
//! a role to a user or to the holders of another role. What somebody holds, through whatever chain of grants,
//! is a [`Holding`]; all holdings of a user outside single credentials are his [`Standing`]. [`decide`] takes
//! a standing and the holdings on one object and says yes or no, and why.
//!
//! Every grant carries the dialect that gave it. A holding counts in full in the dialects of its
//! [`Holding::reach`] and as *read* elsewhere, so a role given through one API never gives more through another.

pub mod decide;
pub mod dialect;
pub mod door;
pub mod holding;
pub mod people;
pub mod position;
pub mod role;

pub use decide::{CheckoutFacts, Decision, Reason, decide, decide_checkout};
pub use dialect::{Dialect, DialectSet};
pub use door::{Door, KeyKind};
pub use holding::{GrantStep, Holding, Standing};
pub use role::{Permission, ResourceKind, Role};

/// What the caller may do with a credential, as lists show it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four answers, each shown as a member of its own"
)]
pub struct Capabilities {
    /// Change it.
    pub edit: bool,
    /// Delete it.
    pub delete: bool,
    /// Copy it.
    pub copy: bool,
    /// Attach it, refer to it.
    pub use_it: bool,
}

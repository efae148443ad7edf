//! Accounts: an organization as users of Probely see it. Whoever acts in one came with a token that is bound to it.

mod audit;
mod change;
mod create;
mod delete;
mod key;
mod login;
mod people;
mod read;
mod service;
mod team;

pub use audit::{AccountAuditQuery, AccountAuditRow};
pub use key::AccountKey;
pub use login::AccountLogin;
pub use service::{ServiceAccount, ServiceAccountDraft, ServicePermission};
pub use team::AccountTeamDraft;

use secrecy::SecretString;
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::Member;
use strongroom_core::id::ShortId;
use strongroom_core::record::{Credential, Placement, Reference, User};

use crate::view::Page;

/// What a request asks of a credential of the account.
#[derive(Debug, Clone, Default)]
pub struct AccountCredentialDraft {
    /// Its name, on the placement.
    pub name: Member<String>,
    /// The team it belongs to; null for the whole account.
    pub team: Member<Option<ShortId>>,
    /// Free text, on the credential.
    pub description: Member<String>,
    /// Whether the value is hidden.
    pub is_sensitive: Member<bool>,
    /// The value; null keeps a hidden one.
    pub value: Member<Option<SecretString>>,
    /// Name and value must be there, and the credential counts as changed whatever they are.
    pub is_whole: bool,
}

impl AccountCredentialDraft {
    /// Whether the request names no member that can be written.
    const fn is_empty(&self) -> bool {
        self.name.is_absent()
            && self.team.is_absent()
            && self.description.is_absent()
            && self.is_sensitive.is_absent()
            && self.value.is_absent()
    }
}

/// A credential of the account as the actor sees it.
#[derive(Debug, Clone)]
pub struct AccountCredential {
    /// Its placement, which has its id, name, scope and whether it is sensitive.
    pub placement: Placement,
    /// Free text.
    pub description: String,
    /// The value, unless it is hidden. That it leaves is in the audit log already.
    pub value: Option<SecretString>,
    /// The team it belongs to.
    pub team: Option<ShortId>,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Who made the credential; nobody known when it was made on the server's host.
    pub creator: Option<AccountPerson>,
    /// What uses it here.
    pub references: Vec<Reference>,
    credential: Credential,
    is_open: bool,
}

/// Somebody as the account's people see him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPerson {
    /// His id.
    pub short_id: ShortId,
    /// His e-mail address; empty for one that is gone.
    pub email: String,
    /// His full name, else his user name.
    pub name: String,
}

impl AccountPerson {
    /// The full name, where there is one.
    pub(crate) fn name_of(username: &str, first: &str, last: &str) -> String {
        let full = format!("{first} {last}");
        match full.trim() {
            "" => username.to_owned(),
            full => full.to_owned(),
        }
    }
}

impl From<&User> for AccountPerson {
    fn from(user: &User) -> Self {
        Self {
            short_id: user.identity.short_id,
            email: user.email.clone(),
            name: Self::name_of(&user.username, &user.first_name, &user.last_name),
        }
    }
}

/// Which of the account's credentials are asked for.
#[derive(Debug, Clone, Default)]
pub struct CredentialQuery {
    /// Only these, when there are any.
    pub ids: Vec<String>,
    /// Only those of these teams, when there are any.
    pub teams: Vec<String>,
    /// Only hidden ones, or only shown ones.
    pub is_sensitive: Option<bool>,
    /// Whether ids that name nothing are told instead of a page.
    pub checks_ids: bool,
    /// The order, most significant first; name and id follow.
    pub order: Vec<AccountOrder>,
    /// Which part of them.
    pub part: AccountPart,
}

/// Which part of a list of the account.
#[derive(Debug, Clone, Default)]
pub struct AccountPart {
    /// A text that the names and descriptions hold, in whatever case; an empty one is in all.
    pub search: String,
    /// By name, greatest first, where the list is always by name.
    pub descending: bool,
    /// The most elements.
    pub limit: i64,
    /// How many are skipped.
    pub offset: i64,
}

impl AccountPart {
    /// The first one.
    pub(crate) fn one() -> Self {
        Self { limit: 1, ..Self::default() }
    }
}

/// One member of an order of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountOrder {
    /// The field.
    pub field: AccountField,
    /// Greatest first.
    pub descending: bool,
}

/// The fields by which the account's credentials can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the member of that name")]
pub enum AccountField {
    Name,
    Created,
    Modified,
    IsSensitive,
    UsageCount,
}

/// What a list gives that may be asked for by id.
#[derive(Debug, Clone)]
pub enum Found<T> {
    /// A page.
    Page(Page<T>),
    /// These ids name nothing that the actor sees.
    Unknown(Vec<String>),
}

/// An account as its members see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The organization's short id.
    pub short_id: ShortId,
    /// The organization's name.
    pub name: String,
}

//! What tests ask for.

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use strongroom_core::draft::Member;
use strongroom_core::id::Ref;
use strongroom_core::record::TokenKind;
use strongroom_service::{
    CredentialDraft, CredentialTypeDraft, OrganizationDraft, ReferenceDraft, TeamDraft, TokenDraft,
    UserDraft,
};

use super::PASSWORD;

/// The id of the Machine type in every store.
pub(crate) const MACHINE: i64 = 1;
/// AWX's text for "keep the stored secret".
pub(crate) const MASK: &str = "$encrypted$";

pub(crate) fn given<T>(value: impl Into<T>) -> Member<T> {
    Member::Given(value.into())
}

/// An object as inputs.
pub(crate) fn inputs(value: &Value) -> Member<Map<String, Value>> {
    Member::Given(value.as_object().unwrap().clone())
}

/// A Machine credential with a password, without an owner.
pub(crate) fn machine(name: &str) -> CredentialDraft {
    CredentialDraft {
        name: given(name),
        credential_type: given(MACHINE),
        inputs: inputs(&json!({"username": "joe", "password": "s3cret"})),
        mask: Some(MASK),
        ..CredentialDraft::default()
    }
}

pub(crate) fn user(username: &str) -> UserDraft {
    UserDraft {
        username: given(username),
        password: given(SecretString::from(PASSWORD)),
        ..UserDraft::default()
    }
}

pub(crate) fn organization(name: &str) -> OrganizationDraft {
    OrganizationDraft { name: given(name), ..OrganizationDraft::default() }
}

pub(crate) fn team(name: &str, of: i64) -> TeamDraft {
    TeamDraft { name: given(name), organization: given(Ref::Serial(of)), ..TeamDraft::default() }
}

/// A custom type with one secret field.
pub(crate) fn named_type(name: &str) -> CredentialTypeDraft {
    let fields =
        json!({"fields": [{"id": "key", "label": "Key", "type": "string", "secret": true}]});
    CredentialTypeDraft {
        name: given(name),
        kind: given("cloud"),
        inputs: given(fields),
        ..CredentialTypeDraft::default()
    }
}

pub(crate) fn reference(name: &str) -> ReferenceDraft {
    ReferenceDraft {
        consumer: given("ci"),
        kind: given("pipeline"),
        name: given(name),
        key: Member::Absent,
    }
}

pub(crate) fn token(kind: TokenKind) -> TokenDraft {
    TokenDraft {
        kind,
        name: given("test"),
        scope: Member::Absent,
        organization: Member::Absent,
        dialects: Member::Absent,
        expires: Member::Absent,
        username: None,
        application: Member::Absent,
    }
}

//! Versions: ten are kept, forgotten ones leave no sealed value behind, any kept one can be restored.

use serde_json::json;
use strongroom_core::Error;
use strongroom_core::access::Role;
use strongroom_core::audit::Operation;
use strongroom_core::error::Rule;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::CredentialDraft;

use crate::room::{MASK, TestRoom, given, inputs, named_type, reference};

fn with(value: &serde_json::Value) -> CredentialDraft {
    CredentialDraft { inputs: inputs(value), mask: Some(MASK), ..CredentialDraft::default() }
}

on_both_stores! {
    ten_versions_are_kept_and_the_sealed_values_of_the_others_are_gone
    a_secret_that_every_version_keeps_outlives_the_version_that_set_it
    a_restored_version_is_a_new_one_whose_secrets_nobody_typed
    what_changes_no_input_makes_no_version
    a_secret_typed_anew_is_a_new_version_even_when_it_is_the_same
    the_mask_keeps_only_what_is_stored_and_never_becomes_a_secret
    a_version_of_another_type_brings_its_type_back
    a_type_that_cannot_change_is_not_brought_back
    a_change_of_type_must_fit_the_stored_inputs
    only_who_may_change_a_credential_restores_it_and_every_reader_lists_versions
    deleting_destroys_the_versions_and_copying_leaves_them_behind
}

async fn ten_versions_are_kept_and_the_sealed_values_of_the_others_are_gone(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    for number in 2..=14 {
        let secret = format!("secret {number}");
        admin.update(id, with(&json!({"username": "joe", "password": secret}))).await.unwrap();
    }
    let kept: Vec<u64> = admin.versions(id).await.unwrap().iter().map(|v| v.number).collect();
    assert_eq!(kept, [14, 13, 12, 11, 10, 9, 8, 7, 6, 5]);
    let sealed = "SELECT version FROM sealed_inputs ORDER BY version";
    let sealed: Vec<String> = room.database.rows(sealed).await.concat();
    assert_eq!(sealed, ["5", "6", "7", "8", "9", "10", "11", "12", "13", "14"]);
    assert!(matches!(admin.restore(id, 4).await, Err(Error::NotFound(Kind::Version))));
    assert!(matches!(admin.restore(id, 99).await, Err(Error::NotFound(Kind::Version))));
}

async fn a_secret_that_every_version_keeps_outlives_the_version_that_set_it(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    for number in 0..13 {
        let username = format!("user {number}");
        admin.update(id, with(&json!({"username": username, "password": MASK}))).await.unwrap();
    }
    let view = admin.read(id).await.unwrap();
    assert_eq!((view.credential.version, view.credential.secrets["password"]), (14, 1));
    assert_eq!(room.number("SELECT COUNT(*) FROM sealed_inputs").await, 1);
    // It still opens.
    let copy = admin.copy(id, "copy").await.unwrap();
    assert_eq!(copy.credential.secrets.len(), 1);
    let dropped = admin.update(id, with(&json!({"username": "u"}))).await.unwrap();
    assert!(dropped.credential.secrets.is_empty());
}

async fn a_restored_version_is_a_new_one_whose_secrets_nobody_typed(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    admin.update(id, with(&json!({"username": "ann", "password": "other"}))).await.unwrap();
    room.wait(1);
    let restored = admin.restore(id, 1).await.unwrap().credential;
    assert_eq!((restored.version, restored.inputs["username"].as_str()), (3, Some("joe")));
    assert_eq!(restored.secrets["password"], 3);
    assert!(restored.stamp.created < restored.stamp.modified);
    let typed = "SELECT version, typed_by FROM sealed_inputs ORDER BY version";
    let typed = room.database.rows(typed).await;
    assert_eq!(typed, [["1", "1"], ["2", "1"], ["3", ""]]);
    let last = room.host().log().await.pop().unwrap();
    assert_eq!(last.operation, Operation::Restore);
    // A version that lacks a secret takes it away again.
    admin.update(id, with(&json!({"username": "ann"}))).await.unwrap();
    let with_secret = admin.restore(id, 3).await.unwrap().credential;
    assert_eq!(with_secret.secrets.len(), 1);
    assert!(admin.restore(id, 4).await.unwrap().credential.secrets.is_empty());
}

async fn what_changes_no_input_makes_no_version(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let before = admin.read(id).await.unwrap().credential;
    room.wait(1);
    let entries = room.host().log().await.len();
    let same = with(&json!({"username": "joe", "password": MASK}));
    assert_eq!(admin.update(id, same).await.unwrap().credential, before);
    let nothing = CredentialDraft::default();
    assert_eq!(admin.update(id, nothing).await.unwrap().credential, before);
    assert_eq!(room.host().log().await.len(), entries, "nothing changed, so there is no entry");
    let renamed = CredentialDraft { name: given("d"), ..CredentialDraft::default() };
    let after = admin.update(id, renamed).await.unwrap().credential;
    assert_eq!((after.version, after.name.as_str()), (1, "d"));
    assert!(before.stamp.modified < after.stamp.modified);
    assert_eq!(admin.versions(id).await.unwrap().len(), 1);
}

async fn a_secret_typed_anew_is_a_new_version_even_when_it_is_the_same(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let same = with(&json!({"username": "joe", "password": "s3cret"}));
    let after = admin.update(id, same).await.unwrap().credential;
    assert_eq!((after.version, after.secrets["password"]), (2, 2));
}

async fn the_mask_keeps_only_what_is_stored_and_never_becomes_a_secret(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let new = with(&json!({"username": "joe", "password": MASK, "become_password": MASK}));
    assert!(matches!(admin.update(id, new).await, Err(Error::Invalid(_))));
    let kept = with(&json!({"username": MASK, "password": MASK}));
    let kept = admin.update(id, kept).await.unwrap().credential;
    assert_eq!(kept.inputs["username"].as_str(), Some(MASK), "the field is not secret");
    assert_eq!(kept.secrets["password"], 1);
    let longer = with(&json!({"password": format!("{MASK} and more")}));
    assert_eq!(admin.update(id, longer).await.unwrap().credential.secrets["password"], 3);
}

async fn a_version_of_another_type_brings_its_type_back(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let custom = admin.create_type(named_type("custom")).await.unwrap().identity.id;
    // As a client does that sends no inputs with another type: they go, and are kept as a version.
    let cleared = CredentialDraft {
        credential_type: given(Ref::Serial(custom)),
        inputs: given(serde_json::Map::new()),
        ..CredentialDraft::default()
    };
    let changed = admin.update(id, cleared).await.unwrap();
    assert_eq!((changed.credential_type.id, changed.credential.version), (custom, 2));
    let restored = admin.restore(id, 1).await.unwrap();
    assert_eq!((restored.credential_type.id, restored.credential.version), (1, 3));
    assert_eq!(restored.credential.inputs["username"].as_str(), Some("joe"));
    assert_eq!(restored.credential.secrets["password"], 3);
    let last = room.host().log().await.pop().unwrap();
    let told: Vec<&str> =
        last.changes.as_array().unwrap().iter().map(|c| c["member"].as_str().unwrap()).collect();
    assert!(told.contains(&"credential_type") && told.contains(&"inputs"), "{told:?}");
    assert_eq!(admin.restore(id, 2).await.unwrap().credential_type.id, custom);
}

async fn a_type_that_cannot_change_is_not_brought_back(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let custom = admin.create_type(named_type("custom")).await.unwrap().identity.id;
    let to = |id: i64| CredentialDraft {
        credential_type: given(Ref::Serial(id)),
        inputs: given(serde_json::Map::new()),
        ..CredentialDraft::default()
    };
    admin.update(id, to(custom)).await.unwrap();
    admin.update(id, to(2)).await.unwrap();
    // Another credential has the name among those of the type.
    let other = admin.create_in(1, "c").await;
    assert!(matches!(admin.restore(id, 1).await, Err(Error::Invalid(_))));
    admin.delete(other).await.unwrap();
    let (using, _) = admin.refer(id, reference("nightly")).await.unwrap();
    let Err(Error::Invalid(faults)) = admin.restore(id, 1).await else { panic!("it is in use") };
    assert_eq!(faults[0].rule, Rule::CredentialTypeInUse);
    admin.unrefer(id, using.identity.id).await.unwrap();
    admin.delete_type(custom).await.unwrap();
    let Err(Error::Invalid(faults)) = admin.restore(id, 2).await else {
        panic!("the type is gone")
    };
    assert_eq!(faults[0].rule, Rule::UnknownObject { given: custom.to_string() });
    assert_eq!(admin.restore(id, 1).await.unwrap().credential_type.id, 1);
}

async fn a_change_of_type_must_fit_the_stored_inputs(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let custom = admin.create_type(named_type("custom")).await.unwrap().identity.id;
    let only_type = CredentialDraft {
        credential_type: given(Ref::Serial(custom)),
        ..CredentialDraft::default()
    };
    assert!(matches!(admin.update(id, only_type.clone()).await, Err(Error::Invalid(_))));
    // Source control has a user name and a password too; what was set stays set.
    let fitting =
        CredentialDraft { credential_type: given(Ref::Serial(2)), ..CredentialDraft::default() };
    let after = admin.update(id, fitting).await.unwrap().credential;
    assert_eq!((after.credential_type_id, after.version), (2, 2));
    assert_eq!(admin.copy(id, "copy").await.unwrap().credential.secrets.len(), 1);
    // While it is in use the type stays.
    admin.refer(id, reference("deploy")).await.unwrap();
    let back =
        CredentialDraft { credential_type: given(Ref::Serial(1)), ..CredentialDraft::default() };
    match admin.update(id, back).await {
        Err(Error::Invalid(faults)) => assert_eq!(faults[0].rule, Rule::CredentialTypeInUse),
        other => panic!("{other:?}"),
    }
}

async fn only_who_may_change_a_credential_restores_it_and_every_reader_lists_versions(
    room: TestRoom,
) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let user = room.user_with("user", Role::OrganizationMember, 1).await;
    assert!(matches!(user.versions(id).await, Err(Error::Hidden(_))));
    room.give(&user, Role::CredentialUse, id).await;
    assert_eq!(user.versions(id).await.unwrap().len(), 1);
    assert!(matches!(user.restore(id, 1).await, Err(Error::Forbidden(_))));
    room.give(&user, Role::CredentialAdmin, id).await;
    assert_eq!(user.restore(id, 1).await.unwrap().credential.version, 2);
}

async fn deleting_destroys_the_versions_and_copying_leaves_them_behind(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    admin.update(id, with(&json!({"password": "other"}))).await.unwrap();
    let copy = admin.copy(id, "copy").await.unwrap().credential;
    assert_eq!(copy.version, 1);
    let typed =
        format!("SELECT typed_by FROM sealed_inputs WHERE credential_id = {}", copy.identity.id);
    assert_eq!(room.database.rows(&typed).await, [[""]], "nobody typed a copied secret");
    admin.delete(id).await.unwrap();
    for table in ["sealed_inputs", "credential_versions", "credential_references"] {
        let left =
            room.number(&format!("SELECT COUNT(*) FROM {table} WHERE credential_id = {id}")).await;
        assert_eq!(left, 0, "{table}");
    }
    assert!(matches!(admin.versions(id).await, Err(Error::NotFound(_))));
}

//! Where credentials are used: what counts as use, and what use forbids.

use strongroom_core::Error;
use strongroom_core::access::Role;
use strongroom_core::draft::Member;
use strongroom_core::error::{Conflict, Rule, UseCount};
use strongroom_service::{ReferenceDraft, SettingsDraft};

use crate::room::{TestRoom, given, reference};

fn uses(count: u64) -> Vec<UseCount> {
    vec![UseCount { kind: "pipeline".to_owned(), count }]
}

on_both_stores! {
    the_same_use_again_is_found_and_another_is_made
    the_texts_of_a_use_have_bounds
    one_actor_registers_at_most_a_hundred_uses_of_a_credential
    registering_takes_use_and_removing_takes_the_maker_or_change_or_delete
    a_use_of_another_credential_is_not_found_through_this_one
    a_credential_in_use_is_deleted_by_force_unless_its_organization_protects_it
    a_use_blocks_only_while_its_maker_holds_use
    a_use_of_somebody_who_is_gone_blocks_nothing
}

async fn the_same_use_again_is_found_and_another_is_made(room: TestRoom) {
    let joe = room.user("joe").await;
    let id = joe.create_own("c").await;
    let (first, new) = joe.refer(id, reference("deploy")).await.unwrap();
    assert!(new && first.key.is_empty() && first.made_by == joe.id);
    let entries = room.host().log().await.len();
    let (again, new) = joe.refer(id, reference("deploy")).await.unwrap();
    assert!(!new);
    assert_eq!(again, first);
    assert_eq!(room.host().log().await.len(), entries, "nothing changed");
    let draft = ReferenceDraft { key: given("step 2"), ..reference("deploy") };
    let (other, new) = joe.refer(id, draft).await.unwrap();
    assert!(new && other.identity.id != first.identity.id);
    assert_eq!(joe.references(id).await.unwrap(), [first, other]);
}

async fn the_texts_of_a_use_have_bounds(room: TestRoom) {
    let joe = room.user("joe").await;
    let id = joe.create_own("c").await;
    let longest = "ß".repeat(255);
    joe.refer(id, ReferenceDraft { key: given(longest.clone()), ..reference(&longest) })
        .await
        .unwrap();
    let bad = ReferenceDraft {
        consumer: Member::Absent,
        kind: given(""),
        name: given("x".repeat(256)),
        key: given("x".repeat(256)),
    };
    let Err(Error::Invalid(faults)) = joe.refer(id, bad).await else { panic!("it was taken") };
    let rules: Vec<Rule> = faults.into_iter().map(|fault| fault.rule).collect();
    let long = || Rule::TooLong { max: 255 };
    assert_eq!(rules, [Rule::Required, Rule::Blank, long(), long()]);
}

async fn one_actor_registers_at_most_a_hundred_uses_of_a_credential(room: TestRoom) {
    let joe = room.user("joe").await;
    let id = joe.create_own("c").await;
    for number in 0..100 {
        joe.refer(id, reference(&number.to_string())).await.unwrap();
    }
    let refused = joe.refer(id, reference("one more")).await;
    let limit = Conflict::TooManyReferences { limit: 100 };
    assert!(matches!(refused, Err(Error::Conflict(conflict)) if conflict == limit));
    assert!(!joe.refer(id, reference("7")).await.unwrap().1, "a known one is still found");
    assert_eq!(joe.references(id).await.unwrap().len(), 100, "the refused one was undone");
    let other = joe.create_own("d").await;
    joe.refer(other, reference("one more")).await.unwrap();
    room.admin().await.refer(id, reference("one more")).await.unwrap();
}

async fn registering_takes_use_and_removing_takes_the_maker_or_change_or_delete(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let user = room.user_with("user", Role::OrganizationMember, 1).await;
    let other = room.user_with("other", Role::OrganizationMember, 1).await;
    assert!(matches!(user.refer(id, reference("r")).await, Err(Error::Hidden(_))));
    room.give(&user, Role::CredentialRead, id).await;
    assert!(matches!(user.refer(id, reference("r")).await, Err(Error::Forbidden(_))));
    room.give(&user, Role::CredentialUse, id).await;
    let made = user.refer(id, reference("r")).await.unwrap().0.identity.id;
    room.give(&other, Role::CredentialUse, id).await;
    assert!(matches!(other.unrefer(id, made).await, Err(Error::Forbidden(_))));
    user.unrefer(id, made).await.unwrap();
    assert!(matches!(user.unrefer(id, made).await, Err(Error::NotFound(_))));
    let made = user.refer(id, reference("r")).await.unwrap().0.identity.id;
    room.give(&other, Role::CredentialAdmin, id).await;
    other.unrefer(id, made).await.unwrap();
    assert!(matches!(room.host().refer(id, reference("r")).await, Err(Error::Forbidden(_))));
}

async fn a_use_of_another_credential_is_not_found_through_this_one(room: TestRoom) {
    let joe = room.user("joe").await;
    let (one, two) = (joe.create_own("one").await, joe.create_own("two").await);
    let made = joe.refer(one, reference("r")).await.unwrap().0.identity.id;
    assert!(matches!(joe.unrefer(two, made).await, Err(Error::NotFound(_))));
    assert_eq!(joe.references(one).await.unwrap().len(), 1);
}

async fn a_credential_in_use_is_deleted_by_force_unless_its_organization_protects_it(
    room: TestRoom,
) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    admin.refer(id, reference("a")).await.unwrap();
    admin.refer(id, reference("b")).await.unwrap();
    let in_use = |refused| match refused {
        Err(Error::Conflict(Conflict::CredentialInUse(uses))) => uses,
        other => panic!("{other:?}"),
    };
    assert_eq!(in_use(admin.delete_unforced(id).await), uses(2));
    let protect = |on| SettingsDraft { protect_used: given(on), ..SettingsDraft::default() };
    admin.set(1, protect(true)).await.unwrap();
    assert_eq!(in_use(admin.delete(id).await), uses(2));
    assert!(admin.read(id).await.is_ok());
    let refused = admin.delete_organization(1).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::CredentialInUse(u))) if u == uses(2)));
    assert!(admin.read_organization(1).await.is_ok());
    admin.set(1, protect(false)).await.unwrap();
    assert_eq!(admin.delete(id).await.unwrap().uses, uses(2));
    let last = room.host().log().await.pop().unwrap();
    assert!(last.changes.to_string().contains("used_by"), "the entry lists the uses");
}

async fn a_use_blocks_only_while_its_maker_holds_use(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let user = room.user_with("user", Role::OrganizationMember, 1).await;
    room.give(&user, Role::CredentialUse, id).await;
    user.refer(id, reference("r")).await.unwrap();
    assert!(matches!(admin.delete_unforced(id).await, Err(Error::Conflict(_))));
    admin.take(Role::CredentialUse, id, user.id).await.unwrap();
    room.give(&user, Role::CredentialRead, id).await;
    assert_eq!(admin.references(id).await.unwrap().len(), 1, "it stays registered");
    assert!(admin.delete_unforced(id).await.unwrap().uses.is_empty());
}

async fn a_use_of_somebody_who_is_gone_blocks_nothing(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let user = room.user_with("user", Role::OrganizationAdmin, 1).await;
    user.refer(id, reference("r")).await.unwrap();
    assert!(matches!(admin.delete_unforced(id).await, Err(Error::Conflict(_))));
    admin.delete_user(user.id).await.unwrap();
    admin.delete_unforced(id).await.unwrap();
}

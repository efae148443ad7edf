//! Names: unique after folding where the contracts say so, and nowhere else.

use strongroom_core::Error;
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::Kind;
use strongroom_service::{
    CredentialDraft, CredentialTypeDraft, OrganizationDraft, OwnerDoor, TeamDraft, UserDraft,
};

use crate::room::{TestRoom, given, machine, named_type, organization, team, user};

#[track_caller]
fn taken<T: std::fmt::Debug>(outcome: strongroom_core::Result<T>, field: FieldPath, kind: Kind) {
    match outcome {
        Err(Error::Invalid(faults)) => {
            assert_eq!(faults, [Violation::new(field, Rule::NotUnique { kind })]);
        }
        other => panic!("{other:?}"),
    }
}

const SPELLINGS: [&str; 5] = ["Straße", "STRASSE", "strasse", " Strasse ", "Ｓｔｒａｓｓｅ"];

on_both_stores! {
    organizations_are_unique_after_folding
    users_are_unique_after_folding
    teams_are_unique_in_their_organization_after_folding
    credentials_are_unique_by_organization_exact_name_and_type
    credential_types_are_unique_by_exact_name_and_kind
    every_object_is_found_by_each_spelling_of_its_identity
}

async fn organizations_are_unique_after_folding(room: TestRoom) {
    let admin = room.admin().await;
    let first = room.organization(SPELLINGS[0]).await;
    let other = room.organization("other").await;
    for spelling in SPELLINGS {
        let field = || FieldPath::Member("name");
        taken(admin.create_organization(organization(spelling)).await, field(), Kind::Organization);
        taken(
            admin.update_organization(other, organization(spelling)).await,
            field(),
            Kind::Organization,
        );
    }
    // Its own name in another spelling is no clash.
    let renamed = admin.update_organization(first, organization("STRASSE")).await.unwrap();
    assert_eq!(renamed.organization.name, "STRASSE");
}

async fn users_are_unique_after_folding(room: TestRoom) {
    let admin = room.admin().await;
    let first = admin.create_user(user(SPELLINGS[0])).await.unwrap().user.identity.id;
    let other = admin.create_user(user("other")).await.unwrap().user.identity.id;
    for spelling in SPELLINGS {
        let field = || FieldPath::Member("username");
        taken(admin.create_user(user(spelling)).await, field(), Kind::User);
        let draft = UserDraft { username: given(spelling), ..UserDraft::default() };
        taken(admin.update_user(other, draft).await, field(), Kind::User);
    }
    let draft = UserDraft { username: given("strasse"), ..UserDraft::default() };
    admin.update_user(first, draft).await.unwrap();
    // A taken name is told together with what else is wrong.
    let draft = UserDraft { password: Member::Absent, ..user("STRASSE") };
    match admin.create_user(draft).await {
        Err(Error::Invalid(faults)) => assert_eq!(faults.len(), 2, "{faults:?}"),
        other => panic!("{other:?}"),
    }
}

async fn teams_are_unique_in_their_organization_after_folding(room: TestRoom) {
    let admin = room.admin().await;
    let elsewhere = room.organization("elsewhere").await;
    let first = room.team(SPELLINGS[0], 1).await;
    room.team(SPELLINGS[0], elsewhere).await;
    let other = room.team("other", 1).await;
    for spelling in SPELLINGS {
        taken(admin.create_team(team(spelling, 1)).await, FieldPath::Whole, Kind::Team);
        let draft = TeamDraft { name: given(spelling), ..TeamDraft::default() };
        taken(admin.update_team(other, draft).await, FieldPath::Whole, Kind::Team);
    }
    let draft = TeamDraft { name: given("strasse"), ..TeamDraft::default() };
    admin.update_team(first, draft).await.unwrap();
}

async fn credentials_are_unique_by_organization_exact_name_and_type(room: TestRoom) {
    let admin = room.admin().await;
    let elsewhere = room.organization("elsewhere").await;
    let id = admin.create_in(1, "Name").await;
    let here = || OwnerDoor::Organization(1.into());
    taken(
        admin.create_credential(here(), machine("Name")).await,
        FieldPath::Whole,
        Kind::Credential,
    );
    let lower = admin.create_in(1, "name").await;
    admin.create_in(elsewhere, "Name").await;
    let secret_text =
        CredentialDraft { credential_type: given(31), inputs: Member::Absent, ..machine("Name") };
    admin.create_credential(here(), secret_text).await.unwrap();
    let rename = |name: &str| CredentialDraft { name: given(name), ..CredentialDraft::default() };
    taken(admin.update(lower, rename("Name")).await, FieldPath::Whole, Kind::Credential);
    admin.update(id, rename("Name")).await.unwrap();
    // Moving to where the name is taken.
    let to = CredentialDraft {
        organization: given(Some(elsewhere.into())),
        ..CredentialDraft::default()
    };
    taken(admin.update(id, to).await, FieldPath::Whole, Kind::Credential);
    // Without an organization there is no such rule.
    admin.create_own("Name").await;
    admin.create_own("Name").await;
}

async fn credential_types_are_unique_by_exact_name_and_kind(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_type(named_type("Type")).await.unwrap().identity.id;
    taken(admin.create_type(named_type("Type")).await, FieldPath::Whole, Kind::CredentialType);
    let other = admin.create_type(named_type("type")).await.unwrap().identity.id;
    let net = CredentialTypeDraft { kind: given("net"), ..named_type("Type") };
    let net = admin.create_type(net).await.unwrap().identity.id;
    let rename =
        |name: &str| CredentialTypeDraft { name: given(name), ..CredentialTypeDraft::default() };
    taken(admin.update_type(other, rename("Type")).await, FieldPath::Whole, Kind::CredentialType);
    admin.update_type(id, rename("Type")).await.unwrap();
    let cloud = CredentialTypeDraft { kind: given("cloud"), ..CredentialTypeDraft::default() };
    taken(admin.update_type(net, cloud).await, FieldPath::Whole, Kind::CredentialType);
}

async fn every_object_is_found_by_each_spelling_of_its_identity(room: TestRoom) {
    use strongroom_core::id::Ref;
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let identity = admin.read(id).await.unwrap().credential.identity;
    for spelling in [Ref::Serial(id), Ref::Guid(identity.guid), Ref::Short(identity.short_id)] {
        let found = room.room.read_credential(&admin.actor, &spelling).await.unwrap();
        assert_eq!(found.credential.identity, identity);
    }
    let organization = admin.read_organization(1).await.unwrap().organization.identity;
    let found =
        room.room.read_organization(&admin.actor, &Ref::Guid(organization.guid)).await.unwrap();
    assert_eq!(found.organization.identity, organization);
    let owned = OwnerDoor::Organization(Ref::Short(organization.short_id));
    let made = admin.create_credential(owned, machine("d")).await.unwrap();
    assert_eq!(made.credential.organization_id, Some(1));
    // The id of one kind of object is not an id of another.
    assert!(room.room.read_team(&admin.actor, &Ref::Guid(organization.guid)).await.is_err());
    let draft = OrganizationDraft { description: given("x"), ..OrganizationDraft::default() };
    assert!(
        room.room
            .update_organization(&admin.actor, &Ref::Guid(identity.guid), draft)
            .await
            .is_err()
    );
}

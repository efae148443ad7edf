//! Owners: the rules when a credential is made, what each kind of owner is given, and copies.

use serde_json::json;
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Refusal, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::{Error, Result};
use strongroom_service::view::{CredentialView, Owner};
use strongroom_service::{CredentialDraft, CredentialTypeDraft, OwnerDoor};

use crate::room::{Caller, TestRoom, given, inputs, machine, named_type};

#[track_caller]
fn faults<T: std::fmt::Debug>(outcome: Result<T>) -> Vec<Violation> {
    match outcome {
        Err(Error::Invalid(faults)) => faults,
        other => panic!("{other:?}"),
    }
}

fn whole(rule: Rule) -> Vec<Violation> {
    vec![Violation::new(FieldPath::Whole, rule)]
}

fn some(id: i64) -> Member<Option<Ref>> {
    given(Some(Ref::Serial(id)))
}

/// Who holds what: the holder's kind and id, the role, and whether a position gave it.
async fn grants(admin: &Caller, view: &CredentialView) -> Vec<(String, String, bool)> {
    let id = view.credential.identity.id;
    let grants = admin.grants(ResourceKind::Credential, id).await.unwrap();
    let mut told: Vec<_> = grants
        .into_iter()
        .map(|grant| {
            let holder = match (grant.user_id, grant.group) {
                (Some(user), _) => format!("user {user}"),
                (None, Some((word, kind, id))) => format!("{} {id} {word}", kind.word()),
                (None, None) => "nobody".to_owned(),
            };
            (holder, grant.role, grant.by_position)
        })
        .collect();
    told.sort_unstable();
    told
}

fn by_position(holder: &str, role: &str) -> (String, String, bool) {
    (holder.to_owned(), role.to_owned(), true)
}

fn by_name(holder: &str, role: &str) -> (String, String, bool) {
    (holder.to_owned(), role.to_owned(), false)
}

on_both_stores! {
    a_credential_of_an_organization_is_reached_through_its_positions
    a_credential_of_a_team_is_its_organizations_too
    a_credential_of_a_user_is_his_alone
    exactly_one_owner_is_named
    owners_that_do_not_exist_are_faults_or_absent_by_door_and_caller
    the_path_wins_over_owners_in_the_body
    permission_comes_before_fields_and_all_field_faults_come_at_once
    a_galaxy_credential_belongs_to_an_organization
    nobody_types_a_robot
    owners_on_an_update_are_ignored
    managed_credentials_and_types_are_not_changed_or_deleted
    a_copy_has_the_secrets_and_the_organization_but_nothing_that_hangs_on_the_original
    types_are_read_by_everybody_and_made_by_system_administrators
}

async fn a_credential_of_an_organization_is_reached_through_its_positions(room: TestRoom) {
    let admin = room.admin().await;
    let draft = CredentialDraft { organization: some(1), ..machine("c") };
    let made = admin.create_credential(OwnerDoor::Body, draft).await.unwrap();
    assert!(matches!(&made.owners[..], [Owner::Organization(of)] if of.id == 1));
    assert_eq!(made.roles.len(), 3);
    let expected = [
        by_position("organization 1 auditor_role", "read"),
        by_position("organization 1 checkout", "checkout"),
        by_position("organization 1 credential_admin_role", "admin"),
    ];
    assert_eq!(grants(&admin, &made).await, expected);
    // A maker who would lack full rights gets them; an organization admin lacks none.
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    let draft = CredentialDraft { organization: some(1), ..machine("d") };
    let made = boss.create_credential(OwnerDoor::Body, draft).await.unwrap();
    assert_eq!(grants(&admin, &made).await, expected);
}

async fn a_credential_of_a_team_is_its_organizations_too(room: TestRoom) {
    let admin = room.admin().await;
    let team = room.team("t", 1).await;
    let made =
        admin.create_credential(OwnerDoor::Team(Ref::Serial(team)), machine("c")).await.unwrap();
    assert_eq!(made.credential.organization_id, Some(1));
    assert!(matches!(&made.owners[..], [Owner::Organization(_), Owner::Team(of)] if of.id == team));
    let expected = [
        by_position("organization 1 auditor_role", "read"),
        by_position("organization 1 checkout", "checkout"),
        by_position("organization 1 credential_admin_role", "admin"),
        by_position(&format!("team {team} admin_role"), "admin"),
        by_position(&format!("team {team} checkout"), "checkout"),
        by_position(&format!("team {team} member_role"), "use"),
    ];
    assert_eq!(grants(&admin, &made).await, expected);
}

async fn a_credential_of_a_user_is_his_alone(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user("joe").await;
    let made = joe.create_credential(OwnerDoor::User(joe.this()), machine("c")).await.unwrap();
    assert_eq!(made.credential.organization_id, None);
    assert!(matches!(&made.owners[..], [Owner::User(of)] if of.id == joe.id));
    assert_eq!(grants(&admin, &made).await, [by_name(&format!("user {}", joe.id), "admin")]);
    // For somebody else: that user owns it, and whoever made it gets nothing by it.
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    admin.give(Role::OrganizationMember, 1, joe.id).await.unwrap();
    let draft = CredentialDraft { user: some(joe.id), ..machine("d") };
    let made = boss.create_credential(OwnerDoor::Body, draft).await.unwrap();
    let both = [
        by_name(&format!("user {}", boss.id), "admin"),
        by_name(&format!("user {}", joe.id), "admin"),
    ];
    let mut told = grants(&admin, &made).await;
    told.sort_unstable();
    let mut expected = both.to_vec();
    expected.sort_unstable();
    assert_eq!(told, expected, "the maker would not otherwise have full rights");
    // A superuser as owner needs no grant.
    let made = admin.create_credential(OwnerDoor::User(admin.this()), machine("e")).await.unwrap();
    assert!(made.owners.is_empty() && grants(&admin, &made).await.is_empty());
}

async fn exactly_one_owner_is_named(room: TestRoom) {
    let admin = room.admin().await;
    let team = room.team("t", 1).await;
    let none = admin.create_credential(OwnerDoor::Body, machine("c")).await;
    assert_eq!(faults(none), whole(Rule::OwnerMissing));
    let nulls = CredentialDraft {
        user: given(None),
        team: given(None),
        organization: given(None),
        ..machine("c")
    };
    let none = admin.create_credential(OwnerDoor::Body, nulls.clone()).await;
    assert_eq!(faults(none), whole(Rule::OwnerMissing));
    let all =
        CredentialDraft { user: some(1), team: some(team), organization: some(1), ..machine("c") };
    let all = admin.create_credential(OwnerDoor::Body, all).await;
    let given = vec!["organization", "team", "user"];
    assert_eq!(faults(all), whole(Rule::OwnerAmbiguous { given }));
    // Anybody else is refused before the rules are looked at.
    let joe = room.user("joe").await;
    for draft in [machine("c"), nulls] {
        let refused = joe.create_credential(OwnerDoor::Body, draft).await;
        assert!(matches!(refused, Err(Error::Forbidden(Refusal::NotPermitted))));
    }
    assert_eq!(room.number("SELECT COUNT(*) FROM credentials").await, 1);
}

async fn owners_that_do_not_exist_are_faults_or_absent_by_door_and_caller(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user("joe").await;
    let unknown = |field| Violation::new(field, Rule::UnknownObject { given: "99".to_owned() });
    for (member, kind) in
        [("user", Kind::User), ("team", Kind::Team), ("organization", Kind::Organization)]
    {
        let path = match member {
            "user" => OwnerDoor::User(99.into()),
            "team" => OwnerDoor::Team(99.into()),
            _ => OwnerDoor::Organization(99.into()),
        };
        let mut draft = machine("c");
        match member {
            "user" => draft.user = some(99),
            "team" => draft.team = some(99),
            _ => draft.organization = some(99),
        }
        let by_admin = admin.create_credential(OwnerDoor::Body, draft.clone()).await;
        assert_eq!(faults(by_admin), vec![unknown(member)]);
        let by_joe = joe.create_credential(OwnerDoor::Body, draft).await;
        assert_eq!(faults(by_joe), whole(Rule::NoSuchObject { kind }));
        let nameless = CredentialDraft { name: Member::Absent, ..machine("c") };
        let by_admin = faults(admin.create_credential(path.clone(), nameless).await);
        assert_eq!(by_admin, vec![Violation::new("name", Rule::Required), unknown(member)]);
        let by_joe = joe.create_credential(path, machine("c")).await;
        assert!(matches!(by_joe, Err(Error::NotFound(missing)) if missing == kind), "{member}");
    }
    let bad = CredentialDraft {
        user: Member::Bad(Rule::NotAnId { given: strongroom_core::error::ValueKind::Text }),
        ..machine("c")
    };
    let by_joe = joe.create_credential(OwnerDoor::Body, bad.clone()).await;
    assert_eq!(faults(by_joe), whole(Rule::NotARelatedObject { member: "user" }));
    assert_eq!(faults(admin.create_credential(OwnerDoor::Body, bad).await).len(), 1);
}

async fn the_path_wins_over_owners_in_the_body(room: TestRoom) {
    let joe = room.user("joe").await;
    let draft =
        CredentialDraft { user: some(1), team: some(99), organization: some(1), ..machine("c") };
    let made = joe.create_credential(OwnerDoor::User(joe.this()), draft).await.unwrap();
    assert_eq!(made.credential.organization_id, None);
    assert!(matches!(&made.owners[..], [Owner::User(of)] if of.id == joe.id));
}

async fn permission_comes_before_fields_and_all_field_faults_come_at_once(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user("joe").await;
    let bad = || CredentialDraft {
        name: Member::Bad(Rule::Blank),
        credential_type: given(Ref::Serial(999)),
        organization: some(1),
        ..machine("c")
    };
    let by_joe = joe.create_credential(OwnerDoor::Body, bad()).await;
    assert!(matches!(by_joe, Err(Error::NotFound(_) | Error::Invalid(_) | Error::Forbidden(_))));
    let fields: Vec<FieldPath> = faults(admin.create_credential(OwnerDoor::Body, bad()).await)
        .into_iter()
        .map(|f| f.field)
        .collect();
    assert_eq!(fields, [FieldPath::Member("name"), FieldPath::Member("credential_type")]);
    let empty = faults(joe.create_credential(OwnerDoor::Body, CredentialDraft::default()).await);
    assert!(empty.iter().all(|fault| fault.rule == Rule::Required), "{empty:?}");
}

async fn a_galaxy_credential_belongs_to_an_organization(room: TestRoom) {
    let admin = room.admin().await;
    let galaxy = || CredentialDraft {
        credential_type: given(Ref::Serial(19)),
        inputs: inputs(&json!({"url": "https://galaxy.example/"})),
        ..machine("g")
    };
    let refused = faults(admin.create_credential(OwnerDoor::User(1.into()), galaxy()).await);
    assert_eq!(refused, [Violation::new("organization", Rule::GalaxyOwner)]);
    let made = admin.create_credential(OwnerDoor::Organization(1.into()), galaxy()).await.unwrap();
    let none = CredentialDraft { organization: given(None), ..CredentialDraft::default() };
    let refused = faults(admin.update(made.credential.identity.id, none).await);
    assert_eq!(refused, [Violation::new("organization", Rule::GalaxyOwner)]);
}

async fn nobody_types_a_robot(room: TestRoom) {
    let admin = room.admin().await;
    let robot = CredentialDraft {
        credential_type: given(Ref::Serial(32)),
        inputs: inputs(&json!({})),
        organization: some(1),
        ..machine("r")
    };
    let refused = faults(admin.create_credential(OwnerDoor::Body, robot).await);
    assert_eq!(
        refused,
        [Violation::new("credential_type", Rule::NotAChoice { given: "32".to_owned() })]
    );
}

async fn owners_on_an_update_are_ignored(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let before = admin.read(id).await.unwrap();
    let draft = CredentialDraft { user: some(1), team: some(99), ..CredentialDraft::default() };
    assert_eq!(admin.update(id, draft).await.unwrap(), before);
}

async fn managed_credentials_and_types_are_not_changed_or_deleted(room: TestRoom) {
    let admin = room.admin().await;
    let rename = CredentialDraft { name: given("x"), ..CredentialDraft::default() };
    assert!(matches!(
        admin.update(1, rename).await,
        Err(Error::Forbidden(Refusal::ManagedCredentialChange))
    ));
    assert!(matches!(
        admin.delete(1).await,
        Err(Error::Forbidden(Refusal::ManagedCredentialDelete))
    ));
    assert!(matches!(
        admin.restore(1, 1).await,
        Err(Error::Forbidden(Refusal::ManagedCredentialChange))
    ));
    let view = admin.read(1).await.unwrap();
    assert!(!view.capabilities.edit && !view.capabilities.delete);
    let rename = CredentialTypeDraft { name: given("x"), ..CredentialTypeDraft::default() };
    assert!(matches!(
        admin.update_type(1, rename).await,
        Err(Error::Forbidden(Refusal::ManagedTypeChange))
    ));
    assert!(matches!(
        admin.delete_type(1).await,
        Err(Error::Forbidden(Refusal::ManagedTypeDelete))
    ));
}

async fn a_copy_has_the_secrets_and_the_organization_but_nothing_that_hangs_on_the_original(
    room: TestRoom,
) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    room.give(&joe, Role::CredentialAdmin, id).await;
    joe.refer(id, crate::room::reference("r")).await.unwrap();
    let copy = admin.copy(id, "copy").await.unwrap();
    assert_eq!(copy.credential.organization_id, Some(1));
    assert_eq!(copy.credential.inputs, admin.read(id).await.unwrap().credential.inputs);
    assert_eq!(copy.credential.secrets.keys().collect::<Vec<_>>(), ["password"]);
    let copied = copy.credential.identity.id;
    assert!(admin.references(copied).await.unwrap().is_empty());
    assert!(joe.read(copied).await.is_err(), "grants stay with the original");
    assert!(
        matches!(joe.copy(id, "mine").await, Err(Error::Forbidden(_))),
        "admin on it is not enough"
    );
    let same = faults(admin.copy(id, "c").await);
    assert_eq!(same, whole(Rule::CopyName { original: "c".to_owned() }));
    let taken = faults(admin.copy(id, "copy").await);
    assert_eq!(taken, whole(Rule::NotUnique { kind: Kind::Credential }));
    // A copy of a private credential has no owner.
    let private = admin.copy(joe.create_own("p").await, "q").await.unwrap();
    assert!(private.owners.is_empty());
    assert!(joe.read(private.credential.identity.id).await.is_err());
}

async fn types_are_read_by_everybody_and_made_by_system_administrators(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user_with("joe", Role::OrganizationAdmin, 1).await;
    assert!(matches!(joe.create_type(named_type("t")).await, Err(Error::Forbidden(_))));
    let id = admin.create_type(named_type("t")).await.unwrap().identity.id;
    assert!(joe.room.read_credential_type(&joe.actor, &id.into()).await.is_ok());
    let rename = || CredentialTypeDraft { name: given("u"), ..CredentialTypeDraft::default() };
    assert!(matches!(joe.update_type(id, rename()).await, Err(Error::Forbidden(_))));
    assert!(matches!(joe.delete_type(id).await, Err(Error::Forbidden(_))));
    // In use: the inputs stay, the rest may change, and it is not deleted.
    let draft = CredentialDraft {
        credential_type: given(Ref::Serial(id)),
        inputs: inputs(&json!({"key": "k"})),
        organization: some(1),
        ..machine("c")
    };
    let used =
        admin.create_credential(OwnerDoor::Body, draft).await.unwrap().credential.identity.id;
    admin.update_type(id, rename()).await.unwrap();
    let other = CredentialTypeDraft {
        inputs: given(json!({"fields": []})),
        ..CredentialTypeDraft::default()
    };
    assert!(matches!(
        admin.update_type(id, other.clone()).await,
        Err(Error::Forbidden(Refusal::TypeInputsInUse))
    ));
    assert!(matches!(admin.delete_type(id).await, Err(Error::Forbidden(Refusal::TypeInUse))));
    admin.delete(used).await.unwrap();
    admin.update_type(id, other).await.unwrap();
    admin.delete_type(id).await.unwrap();
}

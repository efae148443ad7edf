//! Deleting: who may, what goes with it, that ids are never reused and that names stay in history.

use strongroom_core::Error;
use strongroom_core::access::{Door, Role};
use strongroom_core::error::{Conflict, Refusal};
use strongroom_core::id::{Kind, Ref};
use strongroom_service::{ActivityScope, UserDraft};

use crate::room::{Caller, TestRoom, basic, given, named_type, user};

/// The last entry that touches an object, as its activity stream shows it.
async fn last_of(caller: &Caller, kind: Kind, id: i64) -> Option<String> {
    let log = caller.log().await;
    let touching = log
        .into_iter()
        .rev()
        .find(|entry| entry.objects[0].kind == kind && entry.objects[0].id == id);
    touching.map(|entry| format!("{} {}", entry.operation.word(), entry.objects[0].name))
}

on_both_stores! {
    ids_are_never_used_again
    history_keeps_the_names_of_what_is_gone
    a_name_that_is_free_again_belongs_to_somebody_else
    nobody_deletes_himself_and_the_last_system_administrator_stays
    users_are_changed_and_deleted_by_who_administers_all_their_organizations
    a_user_changes_himself_but_for_his_name_and_flags
    people_are_made_by_system_administrators_or_with_a_role_that_the_maker_gives
    organizations_and_teams_are_made_changed_and_deleted_by_their_administrators
    an_organization_takes_all_that_is_its_own_with_it_and_nothing_else
    with_spaces_or_hosted_registries_only_a_system_administrator_deletes_it
    tokens_and_service_accounts_of_an_organization_go_with_it
    a_service_account_has_no_password
    an_organization_with_very_many_credentials_is_deleted_whole
}

async fn ids_are_never_used_again(room: TestRoom) {
    let admin = room.admin().await;
    for _ in 0..2 {
        let organization = room.organization("o").await;
        let team = room.team("t", organization).await;
        let person = room.host().create_user(user("u")).await.unwrap().user.identity.id;
        let credential = admin.create_in(1, "c").await;
        let custom = admin.create_type(named_type("custom")).await.unwrap().identity.id;
        for (kind, id) in [
            ("organization", organization),
            ("team", team),
            ("user", person),
            ("credential", credential),
            ("credential_type", custom),
        ] {
            let buried =
                format!("SELECT COUNT(*) FROM tombstones WHERE kind = '{kind}' AND id = {id}");
            assert_eq!(room.number(&buried).await, 0, "{kind} {id} was somebody else before");
        }
        admin.delete(credential).await.unwrap();
        admin.delete_type(custom).await.unwrap();
        admin.delete_team(team).await.unwrap();
        admin.delete_organization(organization).await.unwrap();
        admin.delete_user(person).await.unwrap();
    }
    assert_eq!(room.number("SELECT COUNT(*) FROM tombstones").await, 10);
}

async fn history_keeps_the_names_of_what_is_gone(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user("joe").await;
    let credential = joe.create_own("mine").await;
    admin.delete_user(joe.id).await.unwrap();
    assert_eq!(last_of(&admin, Kind::User, joe.id).await.unwrap(), "delete joe");
    let stone = format!(
        "SELECT name, details, deleted_by FROM tombstones WHERE kind = 'user' AND id = {}",
        joe.id
    );
    let stone = &room.database.rows(&stone).await[0];
    assert_eq!((stone[0].as_str(), stone[2].as_str()), ("joe", "1"));
    // What he made shows no maker any more, and nothing fails for it.
    let view = admin.read(credential).await.unwrap();
    assert_eq!((view.created_by, view.credential.stamp.created_by), (None, Some(joe.id)));
    let made = admin.log().await.into_iter().find(|entry| {
        entry.objects[0].kind == Kind::Credential && entry.objects[0].id == credential
    });
    assert_eq!(made.unwrap().actor_name, "joe");
    let touching = ActivityScope::Touching(Kind::Credential, credential.into());
    let page = room.room.list_activity(&admin.actor, touching, crate::room::everything()).await;
    assert_eq!(page.unwrap().items.len(), 1);
}

async fn a_name_that_is_free_again_belongs_to_somebody_else(room: TestRoom) {
    let admin = room.admin().await;
    let first = room.user("joe").await;
    let credential = first.create_own("mine").await;
    admin.delete_user(first.id).await.unwrap();
    let second = room.user("joe").await;
    assert_ne!(first.id, second.id);
    assert!(matches!(second.read(credential).await, Err(Error::NotFound(_))));
    assert!(matches!(first.read(credential).await, Err(Error::NotFound(_))));
}

async fn nobody_deletes_himself_and_the_last_system_administrator_stays(room: TestRoom) {
    let admin = room.admin().await;
    let refused = |outcome| matches!(outcome, Err(Error::Forbidden(Refusal::UserDelete)));
    assert!(refused(admin.delete_user(1).await));
    assert!(refused(room.host().delete_user(1).await));
    let guid = admin.read_user(1).await.unwrap().user.identity.guid;
    assert!(refused(room.room.delete_user(&admin.actor, &Ref::Guid(guid)).await));
    let joe = room.user("joe").await;
    assert!(refused(joe.delete_user(joe.id).await));
    let draft = UserDraft { is_superuser: given(true), ..UserDraft::default() };
    admin.update_user(joe.id, draft).await.unwrap();
    assert!(refused(joe.delete_user(joe.id).await));
    joe.delete_user(1).await.unwrap();
    assert!(refused(room.host().delete_user(joe.id).await));
}

async fn users_are_changed_and_deleted_by_who_administers_all_their_organizations(room: TestRoom) {
    let other = room.organization("other").await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    let rename = || UserDraft { first_name: given("J"), ..UserDraft::default() };
    boss.update_user(joe.id, rename()).await.unwrap();
    room.give(&joe, Role::OrganizationAuditor, other).await;
    assert!(matches!(boss.update_user(joe.id, rename()).await, Err(Error::Forbidden(_))));
    assert!(matches!(boss.delete_user(joe.id).await, Err(Error::Forbidden(_))));
    room.give(&boss, Role::OrganizationAdmin, other).await;
    boss.update_user(joe.id, rename()).await.unwrap();
    // A checkout role that the other lacks.
    let credential = room.admin().await.create_in(1, "c").await;
    let draft = strongroom_service::GrantDraft {
        role: given("checkout"),
        user: given(Some(joe.this())),
        ..strongroom_service::GrantDraft::default()
    };
    let on = strongroom_core::access::ResourceKind::Credential;
    let grant = room.admin().await.grant(on, credential, draft).await.unwrap();
    assert!(matches!(boss.delete_user(joe.id).await, Err(Error::Forbidden(_))));
    room.admin().await.ungrant(on, credential, grant.id).await.unwrap();
    // A system flag.
    let flag = |on| UserDraft { is_system_auditor: given(on), ..UserDraft::default() };
    room.admin().await.update_user(joe.id, flag(true)).await.unwrap();
    assert!(matches!(boss.delete_user(joe.id).await, Err(Error::Forbidden(_))));
    room.admin().await.update_user(joe.id, flag(false)).await.unwrap();
    boss.delete_user(joe.id).await.unwrap();
}

async fn a_user_changes_himself_but_for_his_name_and_flags(room: TestRoom) {
    let joe = room.user("joe").await;
    let ann = room.user("ann").await;
    joe.update_user(joe.id, UserDraft { email: given("j@example.org"), ..UserDraft::default() })
        .await
        .unwrap();
    for (draft, refusal) in [
        (UserDraft { username: given("jim"), ..UserDraft::default() }, Refusal::Username),
        (UserDraft { is_superuser: given(true), ..UserDraft::default() }, Refusal::SuperuserFlag),
        (
            UserDraft { is_system_auditor: given(true), ..UserDraft::default() },
            Refusal::AuditorFlag,
        ),
    ] {
        match joe.update_user(joe.id, draft.clone()).await {
            Err(Error::Forbidden(refused)) => assert_eq!(refused, refusal),
            other => panic!("{other:?}"),
        }
        assert!(matches!(ann.update_user(joe.id, draft).await, Err(Error::NotFound(_))));
    }
    let same =
        UserDraft { username: given("joe"), is_superuser: given(false), ..UserDraft::default() };
    joe.update_user(joe.id, same).await.unwrap();
}

async fn people_are_made_by_system_administrators_or_with_a_role_that_the_maker_gives(
    room: TestRoom,
) {
    let team = room.team("t", 1).await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    let member = room.user_with("member", Role::OrganizationMember, 1).await;
    assert!(matches!(boss.create_user(user("a")).await, Err(Error::Forbidden(_))));
    let made = boss.create_user_with(Role::OrganizationMember, 1, user("a")).await.unwrap();
    assert!(boss.read_user(made.user.identity.id).await.unwrap().may_change);
    boss.create_user_with(Role::TeamMember, team, user("b")).await.unwrap();
    let flagged = UserDraft { is_superuser: given(true), ..user("c") };
    let refused = boss.create_user_with(Role::OrganizationMember, 1, flagged).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    let refused = member.create_user_with(Role::OrganizationMember, 1, user("d")).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    assert_eq!(room.number("SELECT COUNT(*) FROM users").await, 5);
}

async fn organizations_and_teams_are_made_changed_and_deleted_by_their_administrators(
    room: TestRoom,
) {
    let organization = room.organization("acme").await;
    let team = room.team("t", organization).await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, organization).await;
    let head = room.user_with("head", Role::TeamAdmin, team).await;
    let member = room.user_with("member", Role::OrganizationMember, organization).await;
    let rename = |name| strongroom_service::TeamDraft { name: given(name), ..Default::default() };
    assert!(matches!(
        boss.create_organization(crate::room::organization("x")).await,
        Err(Error::Forbidden(_))
    ));
    assert!(head.create_team(crate::room::team("x", organization)).await.is_err());
    assert!(matches!(
        member.create_team(crate::room::team("x", organization)).await,
        Err(Error::Forbidden(_))
    ));
    boss.create_team(crate::room::team("x", organization)).await.unwrap();
    head.update_team(team, rename("u")).await.unwrap();
    boss.update_team(team, rename("v")).await.unwrap();
    assert!(matches!(member.update_team(team, rename("w")).await, Err(Error::Forbidden(_))));
    let moved =
        strongroom_service::TeamDraft { organization: given(Ref::Serial(1)), ..Default::default() };
    assert!(matches!(
        boss.update_team(team, moved).await,
        Err(Error::Forbidden(Refusal::TeamOrganization))
    ));
    let hosts = strongroom_service::OrganizationDraft { max_hosts: given(5), ..Default::default() };
    assert!(matches!(boss.update_organization(organization, hosts).await, Err(Error::Invalid(_))));
    assert!(matches!(member.delete_organization(organization).await, Err(Error::Forbidden(_))));
    head.delete_team(team).await.unwrap();
    boss.delete_organization(organization).await.unwrap();
    assert!(matches!(boss.read_organization(organization).await, Err(Error::NotFound(_))));
}

async fn an_organization_takes_all_that_is_its_own_with_it_and_nothing_else(room: TestRoom) {
    let admin = room.admin().await;
    let organization = room.organization("acme").await;
    let team = room.team("t", organization).await;
    let credential = admin.create_in(organization, "c").await;
    let of_team = admin.create_for_team(team, "c2").await;
    let kept = admin.create_in(1, "kept").await;
    let joe = room.user_with("joe", Role::OrganizationMember, organization).await;
    let private = joe.create_own("private").await;
    admin.delete_organization(organization).await.unwrap();
    for gone in [credential, of_team] {
        assert!(matches!(admin.read(gone).await, Err(Error::NotFound(_))));
    }
    assert!(matches!(admin.read_team(team).await, Err(Error::NotFound(_))));
    assert!(admin.read(kept).await.is_ok() && joe.read(private).await.is_ok());
    assert!(admin.read_user(joe.id).await.is_ok());
    assert!(joe.organizations().await.unwrap().is_empty());
    let live = "SELECT COUNT(*) FROM grants g JOIN roles r ON r.id = g.role_id \
                WHERE r.removed IS NOT NULL AND g.ended IS NULL";
    assert_eq!(room.number(live).await, 0, "no grant on what is gone is still valid");
    for (kind, id) in [
        (Kind::Credential, credential),
        (Kind::Credential, of_team),
        (Kind::Team, team),
        (Kind::Organization, organization),
    ] {
        let told = last_of(&admin, kind, id).await.unwrap();
        assert!(told.starts_with("delete "), "{told}");
    }
}

async fn with_spaces_or_hosted_registries_only_a_system_administrator_deletes_it(room: TestRoom) {
    let organization = room.organization("acme").await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, organization).await;
    room.database.rows(&space_and_app(room.database.kind(), organization)).await;
    let refused = boss.delete_organization(organization).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::OrganizationInUse))), "{refused:?}");
    room.admin().await.delete_organization(organization).await.unwrap();
    assert_eq!(room.number("SELECT COUNT(*) FROM spaces").await, 0);
    assert_eq!(room.number("SELECT COUNT(*) FROM apps").await, 0);
}

async fn tokens_and_service_accounts_of_an_organization_go_with_it(room: TestRoom) {
    let organization = room.organization("acme").await;
    let joe = room.user_with("joe", Role::OrganizationAdmin, organization).await;
    let mut draft = crate::room::token(strongroom_core::record::TokenKind::Native);
    draft.organization =
        given(Some(strongroom_service::NamedOrganization::Name("ACME".to_owned())));
    let native = room.enter("joe", Door::Native).await;
    let bound = native.issue(draft).await.unwrap().view.token;
    assert_eq!(bound.organization_id, Some(organization));
    let robot = room.host().create_user(user("robot")).await.unwrap().user.identity.id;
    let account = format!(
        "UPDATE users SET service_organization_id = {organization}, password_hash = NULL WHERE id = {robot}"
    );
    room.database.rows(&account).await;
    let mut draft = crate::room::token(strongroom_core::record::TokenKind::Native);
    draft.username = Some("robot".to_owned());
    room.host().issue(draft).await.unwrap();
    room.admin().await.delete_organization(organization).await.unwrap();
    let left = format!("SELECT COUNT(*) FROM tokens WHERE id = {} OR user_id = {robot}", bound.id);
    assert_eq!(room.number(&left).await, 0);
    assert!(matches!(room.admin().await.read_user(robot).await, Err(Error::NotFound(_))));
    assert!(room.admin().await.read_user(joe.id).await.is_ok());
}

async fn a_service_account_has_no_password(room: TestRoom) {
    let robot = room.host().create_user(user("robot")).await.unwrap().user.identity.id;
    room.database
        .rows(&format!(
            "UPDATE users SET service_organization_id = 1, password_hash = NULL WHERE id = {robot}"
        ))
        .await;
    let draft =
        UserDraft { password: given(secrecy::SecretString::from("p")), ..UserDraft::default() };
    assert!(matches!(room.admin().await.update_user(robot, draft).await, Err(Error::Invalid(_))));
    assert!(room.caller(Door::Awx, basic("robot", "")).await.is_err());
    assert!(room.caller(Door::Awx, basic("robot", "p")).await.is_err());
}

async fn an_organization_with_very_many_credentials_is_deleted_whole(room: TestRoom) {
    let admin = room.admin().await;
    let organization = room.organization("acme").await;
    room.database.rows(&many_credentials(room.database.kind(), organization, 3_000)).await;
    admin.delete_organization(organization).await.unwrap();
    assert_eq!(room.number("SELECT COUNT(*) FROM credentials").await, 1);
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
}

fn space_and_app(kind: crate::room::StoreKind, organization: i64) -> String {
    let guid = |text: &str| match kind {
        crate::room::StoreKind::Sqlite => format!("CAST('{text}' AS BLOB)"),
        crate::room::StoreKind::Postgres => format!("'{text}'::bytea"),
    };
    let (space, app) = (guid("space 0123456789"), guid("app 0123456789ab"));
    let no = match kind {
        crate::room::StoreKind::Sqlite => "0",
        crate::room::StoreKind::Postgres => "false",
    };
    format!(
        "INSERT INTO spaces (guid, short_id, organization_id, name, folded_name, suspended, metadata, created, modified) \
         VALUES ({space}, 'aaaaaaaaaaaa', {organization}, 's', 's', {no}, '{{}}', 1, 1); \
         INSERT INTO apps (guid, short_id, space_id, name, folded_name, details, metadata, created, modified) \
         SELECT {app}, 'bbbbbbbbbbbb', id, 'a', 'a', '{{}}', '{{}}', 1, 1 FROM spaces"
    )
}

fn many_credentials(kind: crate::room::StoreKind, organization: i64, count: i64) -> String {
    let (guid, no) = match kind {
        crate::room::StoreKind::Sqlite => ("CAST(printf('%016d', n) AS BLOB)", "0"),
        crate::room::StoreKind::Postgres => ("lpad(n::text, 16, '0')::bytea", "false"),
    };
    let short = match kind {
        crate::room::StoreKind::Sqlite => "replace(printf('%012d', n), '0', 'z')",
        crate::room::StoreKind::Postgres => "replace(lpad(n::text, 12, '0'), '0', 'z')",
    };
    format!(
        "INSERT INTO credentials (guid, short_id, name, named, description, organization_id, credential_type_id, \
         managed, born_in, inputs, secrets, version, created, modified) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
         SELECT {guid}, {short}, 'c', {no}, '', {organization}, 1, {no}, 'awx', '{{}}', '{{}}', 1, 1, 1 FROM numbers"
    )
}

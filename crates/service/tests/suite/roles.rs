//! Giving and taking roles: every refusal, and who may.

use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::draft::Member;
use strongroom_core::error::{RoleRefusal, Rule};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::{Error, Result};
use strongroom_service::{
    CredentialDraft, GrantDraft, RoleHolder, RoleTarget, SettingsDraft, UserDraft,
};

use crate::room::{Caller, TestRoom, given};

/// The rule that refused it.
#[track_caller]
fn rule<T: std::fmt::Debug>(outcome: Result<T>) -> Rule {
    match outcome {
        Err(Error::Invalid(mut faults)) if faults.len() == 1 => faults.remove(0).rule,
        other => panic!("{other:?}"),
    }
}

fn user_gets(role: &str, user: i64) -> GrantDraft {
    GrantDraft { role: given(role), user: given(Some(Ref::Serial(user))), team: Member::Absent }
}

async fn system_role(room: &TestRoom, word: &str) -> RoleTarget {
    let sql = format!("SELECT id FROM roles WHERE resource_kind = 'system' AND name = '{word}'");
    RoleTarget::Id(room.number(&sql).await)
}

async fn share(admin: &Caller, organization: i64) {
    let draft =
        SettingsDraft { share_across_organizations: given(true), ..SettingsDraft::default() };
    admin.set(organization, draft).await.unwrap();
}

on_both_stores! {
    giving_and_taking_the_same_again_changes_nothing
    a_team_takes_no_part_in_an_organization_and_holds_no_system_role
    a_role_on_a_credential_stays_inside_its_organization
    roles_on_a_private_credential_are_given_by_system_administrators_to_users
    what_does_not_exist_or_is_hidden_is_told_apart_only_inside
    only_who_administers_the_object_gives_its_roles
    membership_is_given_to_who_is_administered_or_belongs_nowhere
    the_two_system_roles_are_flags_that_only_a_superuser_sets
    checkout_is_given_only_by_who_holds_it_besides_grant
    native_grants_know_their_words_and_are_found_again
    what_a_position_gives_is_not_taken_as_a_grant
    a_role_through_a_team_reaches_its_members_and_its_admins
    a_grant_of_one_dialect_counts_as_read_in_another
}

async fn giving_and_taking_the_same_again_changes_nothing(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user("joe").await;
    for _ in 0..2 {
        admin.give(Role::OrganizationMember, 1, joe.id).await.unwrap();
    }
    let grants = admin.grants(ResourceKind::Organization, 1).await.unwrap();
    assert_eq!(grants.iter().filter(|grant| grant.user_id == Some(joe.id)).count(), 1);
    let entries = room.host().log().await.len();
    admin.give(Role::OrganizationMember, 1, joe.id).await.unwrap();
    assert_eq!(room.host().log().await.len(), entries);
    for _ in 0..2 {
        admin.take(Role::OrganizationMember, 1, joe.id).await.unwrap();
    }
    assert_eq!(room.host().log().await.len(), entries + 1);
    assert!(joe.read_organization(1).await.is_err());
    admin.give(Role::OrganizationMember, 1, joe.id).await.unwrap();
    assert!(joe.read_organization(1).await.is_ok(), "what was taken can be given again");
}

async fn a_team_takes_no_part_in_an_organization_and_holds_no_system_role(room: TestRoom) {
    let admin = room.admin().await;
    let team = room.team("t", 1).await;
    for role in [Role::OrganizationAdmin, Role::OrganizationMember] {
        let refused = rule(admin.give_team(role, 1, team).await);
        assert_eq!(refused, Rule::Role(RoleRefusal::ParticipationToTeam));
    }
    admin.give_team(Role::OrganizationAuditor, 1, team).await.unwrap();
    for word in ["system_administrator", "system_auditor"] {
        let target = system_role(&room, word).await;
        let refused = admin.give_role(target, RoleHolder::Team(Ref::Serial(team))).await;
        assert_eq!(rule(refused), Rule::Role(RoleRefusal::SystemRoleToTeam));
    }
}

async fn a_role_on_a_credential_stays_inside_its_organization(room: TestRoom) {
    let admin = room.admin().await;
    let other = room.organization("other").await;
    let id = admin.create_in(1, "c").await;
    let outsider = room.user_with("outsider", Role::OrganizationMember, other).await;
    let team = room.team("t", other).await;
    let to_user = || admin.give(Role::CredentialUse, id, outsider.id);
    assert_eq!(rule(to_user().await), Rule::Role(RoleRefusal::UserOutsideOrganization));
    let to_team = || admin.give_team(Role::CredentialUse, id, team);
    assert_eq!(rule(to_team().await), Rule::Role(RoleRefusal::TeamOutsideOrganization));
    // An auditor of the organization is no member of it.
    let auditor = room.user_with("auditor", Role::OrganizationAuditor, 1).await;
    let refused = admin.give(Role::CredentialUse, id, auditor.id).await;
    assert_eq!(rule(refused), Rule::Role(RoleRefusal::UserOutsideOrganization));
    // Taking is exempt, and a superuser as the receiving user passes.
    admin.take(Role::CredentialUse, id, outsider.id).await.unwrap();
    admin.give(Role::CredentialUse, id, 1).await.unwrap();
    // The organization may share.
    share(&admin, 1).await;
    to_user().await.unwrap();
    to_team().await.unwrap();
    assert!(outsider.read(id).await.unwrap().capabilities.use_it);
}

async fn roles_on_a_private_credential_are_given_by_system_administrators_to_users(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    let ann = room.user_with("ann", Role::OrganizationMember, 1).await;
    let team = room.team("t", 1).await;
    let id = joe.create_own("c").await;
    let refused = joe.give(Role::CredentialRead, id, ann.id).await;
    assert_eq!(rule(refused), Rule::Role(RoleRefusal::PrivateCredential));
    let refused = admin.give_team(Role::CredentialRead, id, team).await;
    assert_eq!(rule(refused), Rule::Role(RoleRefusal::TeamOutsideOrganization));
    admin.give(Role::CredentialRead, id, ann.id).await.unwrap();
    assert!(ann.read(id).await.is_ok());
    // The owner takes away what the administrator gave.
    joe.take(Role::CredentialRead, id, ann.id).await.unwrap();
    assert!(ann.read(id).await.is_err());
}

async fn what_does_not_exist_or_is_hidden_is_told_apart_only_inside(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let holder = room.user_with("holder", Role::OrganizationMember, 1).await;
    room.give(&holder, Role::CredentialAdmin, id).await;
    let stranger = room.user("stranger").await;
    for user in [stranger.id, 9999] {
        let refused = rule(holder.give(Role::CredentialRead, id, user).await);
        assert_eq!(refused, Rule::NoSuchObject { kind: Kind::User });
    }
    let role = system_role(&room, "cloud_foundry_user").await;
    let refused = admin.give_role(role, RoleHolder::User(stranger.this())).await;
    assert!(matches!(refused, Err(Error::NotFound(Kind::Role))), "{refused:?}");
    let refused = admin.give_role(RoleTarget::Id(99_999), RoleHolder::User(stranger.this())).await;
    assert!(matches!(refused, Err(Error::NotFound(Kind::Role))));
    let refused = stranger.give(Role::CredentialRead, id, stranger.id).await;
    assert!(matches!(refused, Err(Error::NotFound(_))));
    let hidden = room.user_with("member", Role::OrganizationMember, 1).await;
    let refused = hidden.give(Role::CredentialRead, id, hidden.id).await;
    assert!(matches!(refused, Err(Error::Hidden(_))));
}

async fn only_who_administers_the_object_gives_its_roles(room: TestRoom) {
    let team = room.team("t", 1).await;
    let id = room.admin().await.create_in(1, "c").await;
    let target = room.user_with("target", Role::OrganizationMember, 1).await;
    let by_role = [
        (Role::OrganizationAdmin, 1, [true, true, true]),
        (Role::OrganizationCredentialAdmin, 1, [false, false, true]),
        (Role::OrganizationAuditor, 1, [false, false, false]),
        (Role::OrganizationMember, 1, [false, false, false]),
        (Role::TeamAdmin, team, [false, true, false]),
        (Role::TeamMember, team, [false, false, false]),
    ];
    for (role, on, expected) in by_role {
        let caller = room.user_with(&format!("{role:?}"), role, on).await;
        // To give a role in a team the user must be visible.
        if role == Role::TeamAdmin {
            room.give(&caller, Role::OrganizationMember, 1).await;
        }
        let given = [
            caller.give(Role::OrganizationExecute, 1, target.id).await.is_ok(),
            caller.give(Role::TeamMember, team, target.id).await.is_ok(),
            caller.give(Role::CredentialRead, id, target.id).await.is_ok(),
        ];
        assert_eq!(given, expected, "{role:?}");
    }
}

async fn membership_is_given_to_who_is_administered_or_belongs_nowhere(room: TestRoom) {
    let other = room.organization("other").await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    let stray = room.user("stray").await;
    let taken = room.user_with("taken", Role::OrganizationMember, other).await;
    let flagged = room.user("flagged").await;
    let draft = UserDraft { is_system_auditor: given(true), ..UserDraft::default() };
    room.admin().await.update_user(flagged.id, draft).await.unwrap();
    let owner = room.user("owner").await;
    owner.create_own("private").await;
    for role in [Role::OrganizationMember, Role::OrganizationAdmin] {
        for user in [&taken, &flagged, &owner] {
            let refused = boss.give(role, 1, user.id).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{role:?} {}", user.id);
        }
    }
    boss.give(Role::OrganizationMember, 1, stray.id).await.unwrap();
    boss.give(Role::OrganizationAdmin, 1, stray.id).await.unwrap();
    boss.take(Role::OrganizationMember, 1, stray.id).await.unwrap();
}

async fn the_two_system_roles_are_flags_that_only_a_superuser_sets(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user("joe").await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    boss.give(Role::OrganizationMember, 1, joe.id).await.unwrap();
    for word in ["system_administrator", "system_auditor"] {
        let target = || system_role(&room, word);
        let holder = || RoleHolder::User(joe.this());
        let refused = boss.give_role(target().await, holder()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let refused = joe.give_role(target().await, holder()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        admin.give_role(target().await, holder()).await.unwrap();
        admin.give_role(target().await, holder()).await.unwrap();
        let user = admin.read_user(joe.id).await.unwrap().user;
        assert!(user.is_superuser || user.is_system_auditor);
        admin.take_role(target().await, holder()).await.unwrap();
        let user = admin.read_user(joe.id).await.unwrap().user;
        assert!(!user.is_superuser && !user.is_system_auditor);
    }
}

async fn checkout_is_given_only_by_who_holds_it_besides_grant(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    let on = ResourceKind::Credential;
    for holder in [joe.id, boss.id] {
        let refused = boss.grant(on, id, user_gets("checkout", holder)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    admin.grant(on, id, user_gets("checkout", boss.id)).await.unwrap();
    boss.grant(on, id, user_gets("checkout", joe.id)).await.unwrap();
    // Holding checkout without grant gives nothing on.
    let refused = joe.grant(on, id, user_gets("checkout", joe.id)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    // To oneself is an action of its own in the log.
    admin.grant(on, id, user_gets("checkout", admin.id)).await.unwrap();
    let log = room.host().log().await;
    assert_eq!(log.iter().filter(|entry| entry.reason == "checkout.self_granted").count(), 1);
    for (kind, on) in
        [(ResourceKind::Organization, 1), (ResourceKind::Team, room.team("t", 1).await)]
    {
        let refused = boss.grant(kind, on, user_gets("checkout", joe.id)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{kind:?} {refused:?}");
    }
}

async fn native_grants_know_their_words_and_are_found_again(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    let id = admin.create_in(1, "c").await;
    for word in ["admin_role", "Read", "", "probely_member"] {
        let refused =
            rule(admin.grant(ResourceKind::Credential, id, user_gets(word, joe.id)).await);
        assert_eq!(refused, Rule::NotARole { given: word.to_owned() });
    }
    let both = GrantDraft { team: given(Some(Ref::Serial(1))), ..user_gets("read", joe.id) };
    let refused = rule(admin.grant(ResourceKind::Credential, id, both).await);
    assert_eq!(refused, Rule::OwnerAmbiguous { given: vec!["team", "user"] });
    let none = GrantDraft { role: given("read"), ..GrantDraft::default() };
    let refused = rule(admin.grant(ResourceKind::Credential, id, none).await);
    assert_eq!(refused, Rule::OwnerMissing);
    let first = admin.grant(ResourceKind::Credential, id, user_gets("read", joe.id)).await.unwrap();
    let again = admin.grant(ResourceKind::Credential, id, user_gets("read", joe.id)).await.unwrap();
    assert_eq!(first, again);
    assert!(joe.read(id).await.is_ok());
    admin.ungrant(ResourceKind::Credential, id, first.id).await.unwrap();
    assert!(joe.read(id).await.is_err());
    let gone = admin.ungrant(ResourceKind::Credential, id, first.id).await;
    assert!(matches!(gone, Err(Error::NotFound(Kind::Grant))));
}

async fn what_a_position_gives_is_not_taken_as_a_grant(room: TestRoom) {
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let grants = admin.grants(ResourceKind::Credential, id).await.unwrap();
    assert_eq!(grants.len(), 3, "{grants:?}");
    for grant in &grants {
        assert!(grant.by_position && grant.user_id.is_none());
        let refused = admin.ungrant(ResourceKind::Credential, id, grant.id).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    }
    let other = admin.create_in(1, "d").await;
    let foreign = admin.ungrant(ResourceKind::Credential, other, grants[0].id).await;
    assert!(matches!(foreign, Err(Error::NotFound(Kind::Grant))));
}

async fn a_role_through_a_team_reaches_its_members_and_its_admins(room: TestRoom) {
    let admin = room.admin().await;
    let team = room.team("t", 1).await;
    let id = admin.create_in(1, "c").await;
    let member = room.user_with("member", Role::TeamMember, team).await;
    let head = room.user_with("head", Role::TeamAdmin, team).await;
    let reader = room.user_with("reader", Role::TeamRead, team).await;
    admin.give_team(Role::CredentialUse, id, team).await.unwrap();
    for caller in [&member, &head] {
        assert!(caller.read(id).await.unwrap().capabilities.use_it);
    }
    assert!(reader.read(id).await.is_err());
    // A role of the organization through a team.
    admin.give_team(Role::OrganizationCredentialAdmin, 1, team).await.unwrap();
    assert!(member.read(id).await.unwrap().capabilities.edit);
    admin.take(Role::TeamMember, team, member.id).await.unwrap();
    assert!(member.read(id).await.is_err());
}

async fn a_grant_of_one_dialect_counts_as_read_in_another(room: TestRoom) {
    use strongroom_core::access::Door;
    let admin = room.admin().await;
    let id = admin.create_in(1, "c").await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    let natively = room.enter("admin", Door::Native).await;
    natively.grant(ResourceKind::Credential, id, user_gets("admin", joe.id)).await.unwrap();
    let native_joe = room.enter("joe", Door::Native).await;
    assert!(native_joe.read(id).await.unwrap().capabilities.edit);
    assert!(!joe.read(id).await.unwrap().capabilities.edit, "in AWX it is read only");
    let change = CredentialDraft { description: given("x"), ..CredentialDraft::default() };
    assert!(matches!(joe.update(id, change.clone()).await, Err(Error::Forbidden(_))));
    // What AWX gives counts natively too; both stand side by side and AWX takes both away.
    admin.give(Role::CredentialAdmin, id, joe.id).await.unwrap();
    joe.update(id, change).await.unwrap();
    admin.take(Role::CredentialAdmin, id, joe.id).await.unwrap();
    assert!(native_joe.read(id).await.is_err() && joe.read(id).await.is_err());
}

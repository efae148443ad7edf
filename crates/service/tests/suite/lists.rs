//! Lists: what is listed is what can be read, filtered and ordered alike on both stores.

use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::{Error, Result};
use strongroom_service::list::{
    Field, Filter, Group, ListRequest, Operand, Order, Paging, Place, Test, TextTest,
};
use strongroom_service::{CredentialScope, OrganizationScope, RoleScope, TeamScope, UserScope};

use crate::room::{Caller, TestRoom, everything, given};

fn text(field: Field, place: Place, case_blind: bool, text: &str) -> Filter {
    let test = Test::Text(TextTest { place, case_blind, text: text.to_owned() });
    Filter::that(field, test)
}

/// The names of the credentials in a list.
async fn names(caller: &Caller, request: ListRequest) -> Result<Vec<String>> {
    let page = caller.room.list_credentials(&caller.actor, CredentialScope::All, request).await?;
    Ok(page.items.into_iter().map(|view| view.credential.name).collect())
}

async fn filtered(caller: &Caller, filters: Vec<Filter>) -> Vec<String> {
    names(caller, ListRequest { filters, ..everything() }).await.unwrap()
}

on_both_stores! {
    everybody_lists_exactly_what_he_can_read
    the_list_of_a_user_holds_what_both_can_read
    the_lists_of_teams_organizations_and_types_hold_theirs
    people_are_listed_by_the_roles_they_hold
    filters_mean_the_same_on_both_stores
    order_is_binary_absent_values_come_last_and_ties_break_by_id
    users_are_filtered_by_what_a_list_of_users_shows
}

async fn everybody_lists_exactly_what_he_can_read(room: TestRoom) {
    let admin = room.admin().await;
    let other = room.organization("other").await;
    let (here, there) = (room.team("here", 1).await, room.team("there", other).await);
    let people = [
        room.user("stranger").await,
        room.user_with("admin of 1", Role::OrganizationAdmin, 1).await,
        room.user_with("auditor of other", Role::OrganizationAuditor, other).await,
        room.user_with("member of other", Role::OrganizationMember, other).await,
        room.user_with("head of here", Role::TeamAdmin, here).await,
        room.user_with("member of there", Role::TeamMember, there).await,
        admin.clone(),
    ];
    let mut credentials =
        vec![1, admin.create_in(1, "a").await, admin.create_for_team(there, "b").await];
    for person in &people {
        credentials.push(person.create_own("own").await);
    }
    for person in &people {
        let listed = person.sees(CredentialScope::All).await.unwrap();
        for id in &credentials {
            assert_eq!(listed.contains(id), person.read(*id).await.is_ok());
        }
        let (organizations, teams, users) = (
            person.organizations().await.unwrap(),
            person.teams().await.unwrap(),
            person.users().await.unwrap(),
        );
        for id in [1, other] {
            assert_eq!(organizations.contains(&id), person.read_organization(id).await.is_ok());
        }
        for id in [here, there] {
            assert_eq!(teams.contains(&id), person.read_team(id).await.is_ok());
        }
        for other in &people {
            let read = person.read_user(other.id).await.is_ok();
            assert_eq!(users.contains(&other.id), read, "{} {}", person.id, other.id);
        }
        let roles =
            person.room.list_roles(&person.actor, RoleScope::All, everything()).await.unwrap();
        assert_eq!(roles.total, Some(i64::try_from(roles.items.len()).unwrap()));
        for view in &roles.items {
            person.room.read_role(&person.actor, view.role.id).await.unwrap();
        }
    }
}

async fn the_list_of_a_user_holds_what_both_can_read(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user_with("joe", Role::OrganizationAuditor, 1).await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    let own = joe.create_own("own").await;
    let shared = admin.create_in(1, "shared").await;
    let of = |user: i64| CredentialScope::OfUser(user.into());
    assert_eq!(admin.sees(of(joe.id)).await.unwrap(), [own, shared]);
    assert_eq!(boss.sees(of(joe.id)).await.unwrap(), [shared]);
    assert_eq!(joe.sees(of(joe.id)).await.unwrap(), [own, shared]);
    // A system administrator can read everything.
    assert_eq!(joe.sees(of(1)).await.unwrap(), [own, shared]);
    assert_eq!(admin.sees(of(1)).await.unwrap(), [1, own, shared]);
    assert!(matches!(joe.sees(of(9999)).await, Err(Error::NotFound(_))));
}

async fn the_lists_of_teams_organizations_and_types_hold_theirs(room: TestRoom) {
    let admin = room.admin().await;
    let team = room.team("t", 1).await;
    let of_team = admin.create_for_team(team, "a").await;
    let granted = admin.create_in(1, "b").await;
    let readable = admin.create_in(1, "c").await;
    admin.give_team(Role::CredentialUse, granted, team).await.unwrap();
    admin.give_team(Role::CredentialRead, readable, team).await.unwrap();
    let seen = admin.sees(CredentialScope::OfTeam(team.into())).await.unwrap();
    assert_eq!(seen, [of_team, granted]);
    let seen = admin.sees(CredentialScope::OfOrganization(1.into())).await.unwrap();
    assert_eq!(seen, [of_team, granted, readable]);
    assert_eq!(admin.sees(CredentialScope::OfType(19.into())).await.unwrap(), [1]);
}

async fn people_are_listed_by_the_roles_they_hold(room: TestRoom) {
    let admin = room.admin().await;
    let team = room.team("t", 1).await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    room.give(&joe, Role::TeamMember, team).await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    let holders = |role: Role, of: i64| {
        let scope = UserScope::HoldersOf { of: of.into(), role };
        let (room, actor) = (admin.room.clone(), admin.actor.clone());
        async move {
            let page = room.list_users(&actor, scope, everything()).await.unwrap();
            page.items.iter().map(|view| view.user.identity.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(holders(Role::OrganizationMember, 1).await, [joe.id]);
    assert_eq!(holders(Role::OrganizationAdmin, 1).await, [boss.id]);
    assert_eq!(holders(Role::TeamMember, team).await, [joe.id]);
    let me = room.room.list_users(&joe.actor, UserScope::Me, everything()).await.unwrap();
    assert_eq!((me.total, me.items[0].user.identity.id), (Some(1), joe.id));
    let counts = admin.read_organization(1).await.unwrap().counts;
    assert_eq!((counts.users, counts.admins, counts.teams), (1, 1, 1));
    let of = TeamScope::OfUser(joe.this());
    assert_eq!(room.room.list_teams(&admin.actor, of, everything()).await.unwrap().total, Some(1));
    let of = OrganizationScope::AdministeredBy(boss.this());
    assert_eq!(
        room.room.list_organizations(&admin.actor, of, everything()).await.unwrap().total,
        Some(1)
    );
    let of = OrganizationScope::OfUser(boss.this());
    assert_eq!(
        room.room.list_organizations(&admin.actor, of, everything()).await.unwrap().total,
        Some(0)
    );
    let roles =
        room.room.list_object_roles(&joe.actor, ResourceKind::Team, &team.into()).await.unwrap();
    assert_eq!(roles.len(), 3);
}

async fn filters_mean_the_same_on_both_stores(room: TestRoom) {
    let admin = room.admin().await;
    for name in ["Ärger", "ärger", "Zeta", "alpha", "a%b_c", "İstanbul", "STRASSE", "Straße"] {
        admin.create_in(1, name).await;
    }
    let on = |place, blind, given| filtered(&admin, vec![text(Field::Name, place, blind, given)]);
    assert_eq!(on(Place::Whole, false, "Ärger").await, ["Ärger"]);
    assert_eq!(on(Place::Whole, true, "ärger").await, ["ärger"]);
    assert_eq!(on(Place::Whole, true, "ÄRGER").await, ["Ärger"], "only ASCII is case-blind");
    assert_eq!(on(Place::Anywhere, true, "RGE").await, ["Ärger", "ärger"]);
    assert_eq!(on(Place::Anywhere, false, "rge").await, ["Ärger", "ärger"]);
    assert_eq!(on(Place::Anywhere, false, "%").await, ["a%b_c"]);
    assert_eq!(on(Place::Anywhere, true, "_C").await, ["a%b_c"]);
    assert_eq!(on(Place::Start, true, "Z").await, ["Zeta"]);
    assert_eq!(on(Place::Start, false, "z").await, Vec::<String>::new());
    assert_eq!(on(Place::End, false, "ße").await, ["Straße"]);
    assert_eq!(on(Place::End, true, "SSE").await, ["STRASSE"]);
    assert_eq!(on(Place::Start, true, "İ").await, ["İstanbul"]);
    assert_eq!(on(Place::Whole, true, "").await, Vec::<String>::new());
    assert_eq!(on(Place::Anywhere, true, "").await.len(), 9);
    let not =
        Filter { negated: true, ..text(Field::OrganizationName, Place::Whole, false, "Default") };
    assert_eq!(filtered(&admin, vec![not]).await, ["Ansible Galaxy"], "what has none is not it");
    let none = |is| Filter::that(Field::Organization, Test::IsNull(is));
    assert_eq!(filtered(&admin, vec![none(true)]).await, ["Ansible Galaxy"]);
    assert_eq!(filtered(&admin, vec![none(false)]).await.len(), 8);
    let any =
        |given: &str| Filter { group: Group::Any, ..text(Field::Name, Place::Start, false, given) };
    assert_eq!(filtered(&admin, vec![any("Z"), any("al")]).await, ["Zeta", "alpha"]);
    let term = |number, given: &str| Filter {
        group: Group::Term(number),
        ..text(Field::Name, Place::Anywhere, true, given)
    };
    assert_eq!(
        filtered(&admin, vec![term(0, "stra"), term(0, "zeta"), term(1, "e")]).await,
        ["STRASSE", "Straße", "Zeta"]
    );
    let managed = Filter::equals(Field::Managed, Operand::Bool(true));
    assert_eq!(filtered(&admin, vec![managed]).await, ["Ansible Galaxy"]);
    let injected = text(Field::Name, Place::Whole, false, "'; DROP TABLE users; --");
    assert!(filtered(&admin, vec![injected]).await.is_empty());
}

async fn order_is_binary_absent_values_come_last_and_ties_break_by_id(room: TestRoom) {
    let admin = room.admin().await;
    let other = room.organization("Z").await;
    let first = admin.create_in(other, "b").await;
    for name in ["a", "B", "é", "ß"] {
        admin.create_in(1, name).await;
    }
    let by = |field, descending| {
        let order = vec![Order { descending, ..Order::by(field) }];
        names(&admin, ListRequest { order, ..everything() })
    };
    assert_eq!(by(Field::Name, false).await.unwrap(), ["Ansible Galaxy", "B", "a", "b", "ß", "é"]);
    assert_eq!(by(Field::Name, true).await.unwrap(), ["é", "ß", "b", "a", "B", "Ansible Galaxy"]);
    assert_eq!(
        by(Field::OrganizationName, false).await.unwrap(),
        ["B", "a", "ß", "é", "b", "Ansible Galaxy"]
    );
    assert_eq!(
        by(Field::OrganizationName, true).await.unwrap(),
        ["Ansible Galaxy", "b", "B", "a", "ß", "é"]
    );
    let unknown = by(Field::Username, false).await;
    assert!(matches!(unknown, Err(Error::Invalid(_))), "a field that credentials do not have");
    let page = |limit, offset| ListRequest {
        paging: Paging::Offset { limit, offset },
        ..ListRequest::default()
    };
    assert_eq!(names(&admin, page(2, 2)).await.unwrap(), ["a", "b"]);
    assert!(names(&admin, page(2, 100)).await.unwrap().is_empty());
    let after =
        ListRequest { paging: Paging::After { limit: 2, after: first }, ..ListRequest::default() };
    assert_eq!(names(&admin, after).await.unwrap(), ["a", "B"], "in the order of ids");
}

async fn users_are_filtered_by_what_a_list_of_users_shows(room: TestRoom) {
    let admin = room.admin().await;
    room.user("joe").await;
    let draft =
        strongroom_service::UserDraft { email: given("a@Example.org"), ..crate::room::user("ann") };
    let ann = admin.create_user(draft).await.unwrap().user.identity.id;
    let listed = |filter| {
        let (room, actor) = (admin.room.clone(), admin.actor.clone());
        async move {
            let request = ListRequest { filters: vec![filter], ..everything() };
            let page = room.list_users(&actor, UserScope::All, request).await.unwrap();
            page.items.iter().map(|view| view.user.identity.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(text(Field::Email, Place::End, true, "@example.ORG")).await, [ann]);
    assert_eq!(listed(Filter::equals(Field::IsSuperuser, Operand::Bool(true))).await, [1]);
    let never = Filter::that(Field::Modified, Test::IsNull(true));
    assert_eq!(listed(never).await.len(), 3);
}

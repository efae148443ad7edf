//! Who may do what to a credential: every kind of caller, every kind of owner, every operation.

use std::collections::BTreeSet;

use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::id::Ref;
use strongroom_core::{Error, Result};
use strongroom_service::{CredentialDraft, CredentialScope, UserDraft};

use crate::room::{Caller, TestRoom, given, reference};

/// r read, u use, e edit, d delete, g grant, c copy; for a credential of an organization, of a team there, of a user.
const TABLE: &[(Kind, [&str; 3])] = &[
    (Kind::Superuser, ["ruedgc", "ruedgc", "ruedgc"]),
    (Kind::Auditor, ["r", "r", "r"]),
    (Kind::InOrganization(Role::OrganizationAdmin), ["ruedgc", "ruedgc", ""]),
    (Kind::InOrganization(Role::OrganizationCredentialAdmin), ["ruedgc", "ruedgc", ""]),
    (Kind::InOrganization(Role::OrganizationAuditor), ["r", "r", ""]),
    (Kind::InOrganization(Role::OrganizationMember), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationRead), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationExecute), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationApproval), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationProjectAdmin), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationInventoryAdmin), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationWorkflowAdmin), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationNotificationAdmin), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationJobTemplateAdmin), ["", "", ""]),
    (Kind::InOrganization(Role::OrganizationExecutionEnvironmentAdmin), ["", "", ""]),
    (Kind::InTeam(Role::TeamAdmin), ["", "ruedg", ""]),
    (Kind::InTeam(Role::TeamMember), ["", "ru", ""]),
    (Kind::InTeam(Role::TeamRead), ["", "", ""]),
    (Kind::OnCredential(Role::CredentialAdmin), ["ruedg", "ruedg", "rued"]),
    (Kind::OnCredential(Role::CredentialUse), ["ru", "ru", "ru"]),
    (Kind::OnCredential(Role::CredentialRead), ["r", "r", "r"]),
    (Kind::Owner, ["", "", "rued"]),
    (Kind::AdminElsewhere, ["", "", ""]),
    (Kind::Stranger, ["", "", ""]),
];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Superuser,
    Auditor,
    InOrganization(Role),
    InTeam(Role),
    OnCredential(Role),
    Owner,
    AdminElsewhere,
    Stranger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owned {
    Organization,
    Team,
    User,
}

/// An organization with a team, a user who owns things and one who is given roles.
struct World {
    room: TestRoom,
    admin: Caller,
    organization: i64,
    elsewhere: i64,
    team: i64,
    owner: Caller,
    given: i64,
}

impl World {
    async fn new(room: TestRoom) -> Self {
        let organization = room.organization("acme").await;
        let elsewhere = room.organization("elsewhere").await;
        let team = room.team("operators", organization).await;
        let owner = room.user("owner").await;
        let given = room.user_with("given", Role::OrganizationMember, organization).await.id;
        Self { admin: room.admin().await, room, organization, elsewhere, team, owner, given }
    }

    async fn caller(&self, kind: Kind) -> Caller {
        let caller = match kind {
            Kind::Owner => return self.owner.clone(),
            _ => self.room.user(&format!("{kind:?}")).await,
        };
        match kind {
            Kind::Superuser => self.flag(&caller, true, false).await,
            Kind::Auditor => self.flag(&caller, false, true).await,
            Kind::InOrganization(role) => self.room.give(&caller, role, self.organization).await,
            Kind::InTeam(role) => self.room.give(&caller, role, self.team).await,
            Kind::AdminElsewhere => {
                self.room.give(&caller, Role::OrganizationAdmin, self.elsewhere).await;
            }
            // Whoever gets a role on a credential must be inside its organization.
            Kind::OnCredential(_) => {
                self.room.give(&caller, Role::OrganizationMember, self.organization).await;
            }
            Kind::Owner | Kind::Stranger => {}
        }
        caller
    }

    async fn flag(&self, caller: &Caller, superuser: bool, auditor: bool) {
        let draft = UserDraft {
            is_superuser: given(superuser),
            is_system_auditor: given(auditor),
            ..UserDraft::default()
        };
        self.admin.update_user(caller.id, draft).await.unwrap();
    }

    /// A new credential, with the caller's role on it when he has one there.
    async fn credential(&self, owned: Owned, kind: Kind, caller: &Caller) -> i64 {
        let name = format!("{owned:?} {kind:?}");
        let id = match owned {
            Owned::Organization => self.admin.create_in(self.organization, &name).await,
            Owned::Team => self.admin.create_for_team(self.team, &name).await,
            Owned::User => self.owner.create_own(&name).await,
        };
        if let Kind::OnCredential(role) = kind {
            self.room.give(caller, role, id).await;
        }
        id
    }
}

/// What somebody could do, found by doing it; deleting comes last.
async fn done(world: &World, caller: &Caller, id: i64) -> BTreeSet<char> {
    let mut done = BTreeSet::new();
    let mut note = |letter, outcome: bool| {
        if outcome {
            done.insert(letter);
        }
    };
    note('r', caller.read(id).await.is_ok());
    note('u', caller.refer(id, reference("deploy")).await.is_ok());
    let change = CredentialDraft { description: given("changed"), ..CredentialDraft::default() };
    note('e', caller.update(id, change).await.is_ok());
    // To a system administrator, whom everybody sees and every organization lets in.
    note('g', caller.give(Role::CredentialRead, id, world.admin.id).await.is_ok());
    note('c', caller.copy(id, &format!("copy of {id} by {}", caller.id)).await.is_ok());
    note('d', caller.delete(id).await.is_ok());
    done
}

/// What the view of a credential says that its reader may do.
fn told(view: &strongroom_service::view::CredentialView) -> BTreeSet<char> {
    let may = view.capabilities;
    let letters =
        [('r', true), ('u', may.use_it), ('e', may.edit), ('d', may.delete), ('c', may.copy)];
    letters.into_iter().filter_map(|(letter, may)| may.then_some(letter)).collect()
}

on_both_stores! {
    every_caller_may_do_what_the_table_says_and_nothing_else
    every_caller_creates_where_the_table_says_and_nowhere_else
    moving_takes_admin_on_the_credential_and_the_right_to_create_on_both_sides
    a_read_only_token_shows_every_capability_as_absent
}

async fn every_caller_may_do_what_the_table_says_and_nothing_else(room: TestRoom) {
    let world = World::new(room).await;
    for (kind, expected) in TABLE {
        let caller = world.caller(*kind).await;
        for (owned, letters) in
            [Owned::Organization, Owned::Team, Owned::User].into_iter().zip(expected)
        {
            let expected: BTreeSet<char> = letters.chars().collect();
            let id = world.credential(owned, *kind, &caller).await;
            let seen = caller.sees(CredentialScope::All).await.unwrap().contains(&id);
            assert_eq!(seen, expected.contains(&'r'), "{kind:?} lists {owned:?}");
            match caller.read(id).await {
                Ok(view) => {
                    let mut told = told(&view);
                    told.extend(expected.get(&'g'));
                    assert_eq!(told, expected, "{kind:?} is told of {owned:?}");
                }
                Err(error) => check_hidden(&world, *kind, owned, &error),
            }
            assert_eq!(done(&world, &caller, id).await, expected, "{kind:?} {owned:?}");
        }
    }
}

async fn every_caller_creates_where_the_table_says_and_nowhere_else(room: TestRoom) {
    let world = World::new(room).await;
    for (kind, expected) in CREATING {
        let caller = world.caller(*kind).await;
        let mut may = BTreeSet::new();
        for (letter, made) in attempts(&world, &caller).await {
            match made {
                Ok(()) => drop(may.insert(letter)),
                Err(
                    Error::Forbidden(_) | Error::Hidden(_) | Error::NotFound(_) | Error::Invalid(_),
                ) => {}
                Err(error) => panic!("{kind:?} {letter}: {error:?}"),
            }
        }
        assert_eq!(may, expected.chars().collect(), "{kind:?}");
    }
}

async fn moving_takes_admin_on_the_credential_and_the_right_to_create_on_both_sides(
    room: TestRoom,
) {
    let world = World::new(room).await;
    let to = |organization: Option<i64>| CredentialDraft {
        organization: given(organization.map(Ref::Serial)),
        ..CredentialDraft::default()
    };
    let (here, there) = (world.organization, world.elsewhere);
    for (roles, moves) in [
        (vec![(Role::OrganizationAdmin, here)], false),
        (vec![(Role::OrganizationAdmin, there)], false),
        (vec![(Role::OrganizationAdmin, here), (Role::OrganizationMember, there)], false),
        (
            vec![
                (Role::OrganizationCredentialAdmin, here),
                (Role::OrganizationCredentialAdmin, there),
            ],
            true,
        ),
        (vec![(Role::OrganizationAdmin, here), (Role::OrganizationAdmin, there)], true),
    ] {
        let caller = world.room.user(&format!("{roles:?}")).await;
        for (role, on) in &roles {
            world.room.give(&caller, *role, *on).await;
        }
        let id = world.admin.create_in(here, &format!("moved by {}", caller.id)).await;
        let moved = caller.update(id, to(Some(there))).await;
        assert_eq!(moved.is_ok(), moves, "{roles:?}: {moved:?}");
        let now = world.admin.read(id).await.unwrap().credential.organization_id;
        assert_eq!(now, Some(if moves { there } else { here }));
    }
    // The admin of the credential alone does not take it out of its organization.
    let holder = world.caller(Kind::OnCredential(Role::CredentialAdmin)).await;
    let id = world
        .credential(Owned::Organization, Kind::OnCredential(Role::CredentialAdmin), &holder)
        .await;
    assert!(matches!(holder.update(id, to(None)).await, Err(Error::Forbidden(_))));
    assert!(matches!(holder.update(id, to(Some(there))).await, Err(Error::Invalid(_))));
    assert!(holder.update(id, to(Some(here))).await.is_ok(), "where it is already");
    let admin = world.caller(Kind::InOrganization(Role::OrganizationAdmin)).await;
    assert!(admin.update(id, to(None)).await.is_ok());
    assert!(admin.read(id).await.is_err(), "what the organization gave went with it");
    assert!(holder.read(id).await.is_ok());
}

async fn a_read_only_token_shows_every_capability_as_absent(room: TestRoom) {
    let world = World::new(room).await;
    let id = world.admin.create_in(world.organization, "c").await;
    let mut draft = crate::room::token(strongroom_core::record::TokenKind::Awx);
    draft.scope = given("read");
    let issued = world.admin.issue(draft).await.unwrap();
    let presented = strongroom_service::Presented::Bearer(issued.secret);
    let reader = world.room.caller(world.admin.door(), presented).await.unwrap();
    let view = reader.read(id).await.unwrap();
    assert_eq!(told(&view), BTreeSet::from(['r']));
    assert_eq!(done(&world, &reader, id).await, BTreeSet::from(['r']));
    let organization = reader.read_organization(1).await.unwrap();
    assert!(!organization.may_change && !organization.may_delete);
    let team = reader.read_team(world.team).await.unwrap();
    assert!(!team.may_change && !team.may_delete);
    let own = reader.read_user(reader.id).await.unwrap();
    assert!(!own.may_change && !own.may_delete);
}

/// o in an organization, O by its path, t for a team, T by its path, s for himself, S by his path, m for a member,
/// x for a stranger.
const CREATING: &[(Kind, &str)] = &[
    (Kind::Superuser, "oOtTsSmx"),
    (Kind::Auditor, "sS"),
    (Kind::InOrganization(Role::OrganizationAdmin), "oOtTsSm"),
    (Kind::InOrganization(Role::OrganizationCredentialAdmin), "oOsS"),
    (Kind::InOrganization(Role::OrganizationAuditor), "sS"),
    (Kind::InOrganization(Role::OrganizationMember), "sS"),
    (Kind::InOrganization(Role::OrganizationExecute), "sS"),
    (Kind::InTeam(Role::TeamAdmin), "tsS"),
    (Kind::InTeam(Role::TeamMember), "sS"),
    (Kind::InTeam(Role::TeamRead), "sS"),
    (Kind::AdminElsewhere, "sS"),
    (Kind::Stranger, "sS"),
];

async fn attempts(world: &World, caller: &Caller) -> Vec<(char, Result<()>)> {
    use strongroom_service::OwnerDoor;
    let (organization, team) = (Ref::Serial(world.organization), Ref::Serial(world.team));
    let (own, member) = (caller.this(), Ref::Serial(world.given));
    let stranger = world.owner.this();
    let body = || CredentialDraft::default();
    let in_body = OwnerDoor::Body;
    let mut made = Vec::new();
    for (letter, door, owner) in [
        (
            'o',
            in_body.clone(),
            CredentialDraft { organization: given(Some(organization.clone())), ..body() },
        ),
        ('O', OwnerDoor::Organization(organization), body()),
        ('t', in_body.clone(), CredentialDraft { team: given(Some(team.clone())), ..body() }),
        ('T', OwnerDoor::Team(team), body()),
        ('s', in_body, CredentialDraft { user: given(Some(own.clone())), ..body() }),
        ('S', OwnerDoor::User(own), body()),
        ('m', OwnerDoor::User(member), body()),
        ('x', OwnerDoor::User(stranger), body()),
    ] {
        let machine = crate::room::machine(&format!("{letter} of {}", caller.id));
        let (organization, team, user) = (owner.organization, owner.team, owner.user);
        let draft = CredentialDraft { organization, team, user, ..machine };
        made.push((letter, caller.create_credential(door, draft).await.map(|_| ())));
    }
    made
}

/// What cannot be read is hidden from those who belong to the organization that owns it, and absent to others.
fn check_hidden(world: &World, kind: Kind, owned: Owned, error: &Error) {
    let belongs = match kind {
        Kind::InOrganization(_) | Kind::OnCredential(_) | Kind::InTeam(_) => owned != Owned::User,
        _ => false,
    };
    match error {
        Error::Hidden(_) => assert!(belongs, "{kind:?} {owned:?}"),
        Error::NotFound(_) => assert!(!belongs, "{kind:?} {owned:?} of {}", world.organization),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_table_names_every_role_that_awx_shows() {
    let named: BTreeSet<Role> = TABLE
        .iter()
        .filter_map(|(kind, _)| match kind {
            Kind::InOrganization(role) | Kind::InTeam(role) | Kind::OnCredential(role) => {
                Some(*role)
            }
            _ => None,
        })
        .collect();
    for kind in [ResourceKind::Organization, ResourceKind::Team, ResourceKind::Credential] {
        for role in Role::on(kind).filter(|role| role.is_shown_in_awx()) {
            assert!(named.contains(&role), "{role:?} is not in the table");
        }
    }
}

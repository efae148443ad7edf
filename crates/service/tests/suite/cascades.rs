//! A lost owner or membership never adds a right: what everybody may do is compared before and after.

use std::collections::HashMap;

use strongroom_core::access::{Door, Role};
use strongroom_core::id::Ref;
use strongroom_service::view::Owner;
use strongroom_service::{CredentialDraft, CredentialScope};

use crate::room::{Caller, TestRoom, given};

/// Two organizations, a team in each, people in every position and credentials of every owner.
struct World {
    room: TestRoom,
    admin: Caller,
    people: Vec<Caller>,
    here: i64,
    there: i64,
    team: i64,
    owner: Caller,
    credentials: Vec<i64>,
}

/// What each person may do with each credential at each door: read, use, edit, delete, copy.
type Rights = HashMap<(i64, Door, i64), [bool; 5]>;

impl World {
    async fn new(room: TestRoom) -> Self {
        let admin = room.admin().await;
        let here = room.organization("here").await;
        let there = room.organization("there").await;
        let team = room.team("team", here).await;
        let abroad = room.team("abroad", there).await;
        let owner = room.user("owner").await;
        let mut people = vec![owner.clone(), room.user("stranger").await];
        for (role, on) in [
            (Role::OrganizationAdmin, here),
            (Role::OrganizationCredentialAdmin, here),
            (Role::OrganizationAuditor, here),
            (Role::OrganizationMember, here),
            (Role::TeamAdmin, team),
            (Role::TeamMember, team),
            (Role::OrganizationAdmin, there),
            (Role::TeamMember, abroad),
        ] {
            people.push(room.user_with(&format!("{role:?} {on}"), role, on).await);
        }
        let mut credentials = vec![
            admin.create_in(here, "of here").await,
            admin.create_in(there, "of there").await,
            admin.create_for_team(team, "of team").await,
            owner.create_own("private").await,
        ];
        let granted = admin.create_in(here, "granted").await;
        credentials.push(granted);
        let member = people[5].id;
        admin.give(Role::CredentialUse, granted, member).await.unwrap();
        admin.give_team(Role::CredentialAdmin, granted, team).await.unwrap();
        let share = strongroom_service::SettingsDraft {
            share_across_organizations: given(true),
            ..strongroom_service::SettingsDraft::default()
        };
        admin.set(there, share).await.unwrap();
        admin.give_team(Role::CredentialUse, credentials[1], team).await.unwrap();
        Self { room, admin, people, here, there, team, owner, credentials }
    }

    async fn rights(&self) -> Rights {
        let mut rights = Rights::new();
        for person in &self.people {
            for door in [Door::Awx, Door::Native] {
                let at_door = self.at(person, door).await;
                let Some(caller) = at_door else { continue };
                let listed = caller.sees(CredentialScope::All).await.unwrap();
                for id in &self.credentials {
                    let may = match caller.read(*id).await {
                        Ok(view) => {
                            let may = view.capabilities;
                            [true, may.use_it, may.edit, may.delete, may.copy]
                        }
                        Err(_) => [false; 5],
                    };
                    assert_eq!(listed.contains(id), may[0], "list and detail agree");
                    rights.insert((person.id, door, *id), may);
                }
            }
        }
        rights
    }

    /// The person at a door, unless he is gone.
    async fn at(&self, person: &Caller, door: Door) -> Option<Caller> {
        let name = person.actor.username().to_owned();
        self.admin.read_user(person.id).await.ok()?;
        Some(self.room.enter(&name, door).await)
    }

    /// Nobody may do more than before.
    async fn check_lost_only(&self, before: &Rights) -> Rights {
        let after = self.rights().await;
        for (key, now) in &after {
            let was = before.get(key).copied().unwrap_or([false; 5]);
            for (now, was) in now.iter().zip(was) {
                assert!(!now || was, "{key:?} gained: {was:?} then {now:?}");
            }
        }
        after
    }
}

on_both_stores! {
    a_deleted_user_leaves_his_private_credential_to_administrators_only
    a_deleted_team_leaves_its_credential_to_the_organization
    a_deleted_organization_takes_its_rights_with_it
    a_membership_that_ends_takes_rights_and_gives_none
    a_credential_that_moves_follows_the_position_of_its_new_organization_alone
    more_grants_never_take_a_right_away
}

async fn a_deleted_user_leaves_his_private_credential_to_administrators_only(room: TestRoom) {
    let world = World::new(room).await;
    let before = world.rights().await;
    world.admin.delete_user(world.owner.id).await.unwrap();
    world.check_lost_only(&before).await;
    let private = world.admin.read(world.credentials[3]).await.unwrap();
    assert!(private.owners.is_empty() && private.organization.is_none());
    assert_eq!(private.credential.secrets.len(), 1, "its secret is still there");
}

async fn a_deleted_team_leaves_its_credential_to_the_organization(room: TestRoom) {
    let world = World::new(room).await;
    let before = world.rights().await;
    world.admin.delete_team(world.team).await.unwrap();
    let after = world.check_lost_only(&before).await;
    let view = world.admin.read(world.credentials[2]).await.unwrap();
    assert!(matches!(&view.owners[..], [Owner::Organization(of)] if of.id == world.here));
    for person in &world.people[6..8] {
        assert_eq!(after[&(person.id, Door::Awx, world.credentials[2])], [false; 5]);
        assert_eq!(after[&(person.id, Door::Awx, world.credentials[1])], [false; 5]);
    }
}

async fn a_deleted_organization_takes_its_rights_with_it(room: TestRoom) {
    let world = World::new(room).await;
    let before = world.rights().await;
    world.admin.delete_organization(world.here).await.unwrap();
    let after = world.check_lost_only(&before).await;
    for person in &world.people {
        assert_eq!(
            after.get(&(person.id, Door::Awx, world.credentials[0])).copied().unwrap_or_default(),
            [false; 5]
        );
    }
    let owner = &after[&(world.owner.id, Door::Awx, world.credentials[3])];
    assert!(owner[0], "what is private stays");
    assert!(after.values().any(|may| may[2]), "others keep what is theirs");
}

async fn a_membership_that_ends_takes_rights_and_gives_none(room: TestRoom) {
    let world = World::new(room).await;
    for (at, role, on) in [
        (2, Role::OrganizationAdmin, world.here),
        (3, Role::OrganizationCredentialAdmin, world.here),
        (4, Role::OrganizationAuditor, world.here),
        (6, Role::TeamAdmin, world.team),
        (7, Role::TeamMember, world.team),
        (5, Role::CredentialUse, world.credentials[4]),
    ] {
        let before = world.rights().await;
        let person = &world.people[at];
        world.admin.take(role, on, person.id).await.unwrap();
        let after = world.check_lost_only(&before).await;
        assert_ne!(before, after, "{role:?} gave something");
        let others = |rights: &Rights| -> Rights {
            rights.iter().filter(|((of, ..), _)| *of != person.id).map(|(k, v)| (*k, *v)).collect()
        };
        assert_eq!(others(&before), others(&after), "{role:?} of one changed what another may");
    }
}

async fn a_credential_that_moves_follows_the_position_of_its_new_organization_alone(
    room: TestRoom,
) {
    let world = World::new(room).await;
    let (moved, before) = (world.credentials[0], world.rights().await);
    let to = |organization: Option<i64>| CredentialDraft {
        organization: given(organization.map(Ref::Serial)),
        ..CredentialDraft::default()
    };
    world.admin.update(moved, to(Some(world.there))).await.unwrap();
    let after = world.rights().await;
    for person in &world.people[2..5] {
        assert_eq!(after[&(person.id, Door::Awx, moved)], [false; 5], "of the old organization");
    }
    assert_eq!(after[&(world.people[8].id, Door::Awx, moved)], [true; 5], "of the new one");
    let except = |rights: &Rights| -> Rights {
        rights.iter().filter(|((_, _, id), _)| *id != moved).map(|(k, v)| (*k, *v)).collect()
    };
    assert_eq!(except(&before), except(&after));
    // Out of every organization: nobody but system administrators is left.
    world.admin.update(moved, to(None)).await.unwrap();
    let after = world.check_lost_only(&after).await;
    for person in &world.people {
        assert_eq!(after[&(person.id, Door::Awx, moved)], [false; 5]);
    }
    // And back: the positions are written anew.
    world.admin.update(moved, to(Some(world.here))).await.unwrap();
    assert_eq!(world.rights().await, before);
}

async fn more_grants_never_take_a_right_away(room: TestRoom) {
    let world = World::new(room).await;
    let mut before = world.rights().await;
    for (at, role, on) in [
        (5, Role::OrganizationAuditor, world.here),
        (5, Role::OrganizationAdmin, world.here),
        (2, Role::OrganizationMember, world.here),
        (7, Role::TeamAdmin, world.team),
        (2, Role::CredentialRead, world.credentials[0]),
        (8, Role::CredentialRead, world.credentials[3]),
    ] {
        world.admin.give(role, on, world.people[at].id).await.unwrap();
        let after = world.rights().await;
        for (key, was) in &before {
            for (now, was) in after[key].iter().zip(was) {
                assert!(*now || !was, "{key:?} lost by {role:?}");
            }
        }
        before = after;
    }
}

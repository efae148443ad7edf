//! What is in a room, as sets: who exists, who holds what, and what follows from that for AWX.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use strongroom_core::access::{Door, ResourceKind, Role};

use crate::room::{Caller, TestRoom};

#[derive(Default)]
pub(crate) struct World {
    pub(crate) users: BTreeMap<i64, User>,
    pub(crate) organizations: BTreeSet<i64>,
    /// Teams and their organizations.
    pub(crate) teams: BTreeMap<i64, i64>,
    pub(crate) credentials: BTreeMap<i64, Credential>,
    /// Roles of users: user, role, object.
    pub(crate) grants: BTreeSet<(i64, Role, i64)>,
    /// Roles on credentials of teams: team, role, credential.
    pub(crate) team_grants: BTreeSet<(i64, Role, i64)>,
    /// Job templates: their organizations, and what is attached to them.
    pub(crate) templates: BTreeMap<i64, Template>,
    /// Input sources: the credential that gets a field, and the one that fetches it.
    pub(crate) sources: BTreeMap<i64, (i64, i64)>,
    /// AWX tokens: whose, and what is presented.
    pub(crate) tokens: BTreeMap<i64, (i64, SecretString)>,
    callers: BTreeMap<i64, Caller>,
}

pub(crate) struct User {
    name: String,
    superuser: bool,
    pub(crate) auditor: bool,
}

impl User {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), superuser: false, auditor: false }
    }
}

pub(crate) struct Credential {
    pub(crate) organization: Option<i64>,
    /// The team that it was made for.
    pub(crate) team: Option<i64>,
    /// Whether it is of a type that fetches.
    pub(crate) external: bool,
}

#[derive(Default)]
pub(crate) struct Template {
    pub(crate) organization: Option<i64>,
    pub(crate) attached: BTreeSet<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) read: bool,
    pub(crate) using: bool,
    pub(crate) edit: bool,
}

impl World {
    pub(crate) fn first_start() -> Self {
        let admin = User { superuser: true, ..User::new("admin") };
        let galaxy = Credential { organization: None, team: None, external: false };
        Self {
            users: BTreeMap::from([(1, admin)]),
            organizations: BTreeSet::from([1]),
            credentials: BTreeMap::from([(1, galaxy)]),
            ..Self::default()
        }
    }

    // Choices; the managed credential and the first user are none.

    pub(crate) fn person(&self, at: usize) -> Option<i64> {
        choose(self.users.keys().copied().filter(|id| *id != 1), at)
    }

    pub(crate) fn organization(&self, at: usize) -> Option<i64> {
        choose(self.organizations.iter().copied(), at)
    }

    pub(crate) fn team(&self, at: usize) -> Option<i64> {
        choose(self.teams.keys().copied(), at)
    }

    pub(crate) fn credential(&self, at: usize) -> Option<i64> {
        choose(self.credentials.keys().copied().filter(|id| *id != 1), at)
    }

    pub(crate) fn template(&self, at: usize) -> Option<i64> {
        choose(self.templates.keys().copied(), at)
    }

    pub(crate) fn source(&self, at: usize) -> Option<i64> {
        choose(self.sources.keys().copied(), at)
    }

    pub(crate) fn object(&self, role: Role, at: usize) -> Option<i64> {
        match role.kind() {
            ResourceKind::JobTemplate => self.template(at),
            ResourceKind::Organization => self.organization(at),
            ResourceKind::Team => self.team(at),
            _ => self.credential(at),
        }
    }

    /// The person at the AWX door.
    pub(crate) async fn caller(&mut self, room: &TestRoom, id: i64) -> Caller {
        if let Some(known) = self.callers.get(&id) {
            return known.clone();
        }
        let caller = room.enter(&self.users[&id].name, Door::Awx).await;
        self.callers.insert(id, caller.clone());
        caller
    }

    // What goes with what.

    pub(crate) fn delete_user(&mut self, id: i64) {
        self.users.remove(&id);
        self.grants.retain(|(user, ..)| *user != id);
        self.tokens.retain(|_, (user, _)| *user != id);
    }

    pub(crate) fn delete_team(&mut self, id: i64) {
        self.teams.remove(&id);
        self.grants.retain(|(_, role, on)| role.kind() != ResourceKind::Team || *on != id);
        self.team_grants.retain(|(team, ..)| *team != id);
    }

    pub(crate) fn delete_credential(&mut self, id: i64) {
        self.credentials.remove(&id);
        self.grants.retain(|(_, role, on)| role.kind() != ResourceKind::Credential || *on != id);
        self.team_grants.retain(|(.., on)| *on != id);
        self.sources.retain(|_, (target, source)| *target != id && *source != id);
        for template in self.templates.values_mut() {
            template.attached.remove(&id);
        }
    }

    pub(crate) fn delete_template(&mut self, id: i64) {
        self.templates.remove(&id);
        self.grants.retain(|(_, role, on)| role.kind() != ResourceKind::JobTemplate || *on != id);
    }

    pub(crate) fn delete_organization(&mut self, id: i64) {
        self.organizations.remove(&id);
        self.grants.retain(|(_, role, on)| role.kind() != ResourceKind::Organization || *on != id);
        let teams: Vec<i64> =
            self.teams.iter().filter(|(_, of)| **of == id).map(|(t, _)| *t).collect();
        for team in teams {
            self.delete_team(team);
        }
        let owned = self.credentials.iter().filter(|(_, c)| c.organization == Some(id));
        let owned: Vec<i64> = owned.map(|(credential, _)| *credential).collect();
        for credential in owned {
            self.delete_credential(credential);
        }
        let owned = self.templates.iter().filter(|(_, template)| template.organization == Some(id));
        let owned: Vec<i64> = owned.map(|(template, _)| *template).collect();
        for template in owned {
            self.delete_template(template);
        }
    }

    /// Whether a system administrator may give the role to the user.
    pub(crate) fn may_hold(&self, user: i64, role: Role, on: i64) -> bool {
        if role.kind() != ResourceKind::Credential || self.users[&user].superuser {
            return true;
        }
        match self.credentials[&on].organization {
            None => true,
            Some(of) => {
                self.holds(user, Role::OrganizationMember, of)
                    || self.holds(user, Role::OrganizationAdmin, of)
            }
        }
    }

    // What everybody sees.

    pub(crate) fn rights(&self, user: i64, credential: i64) -> Rights {
        let of = &self.credentials[&credential];
        let managed = credential == 1;
        if self.users[&user].superuser {
            return Rights { read: true, using: true, edit: !managed };
        }
        let mut held: BTreeSet<Role> = BTreeSet::new();
        for role in [Role::CredentialAdmin, Role::CredentialUse, Role::CredentialRead] {
            let by_team = self.team_grants.iter().any(|(team, given, on)| {
                *given == role && *on == credential && self.is_in_team(user, *team)
            });
            held.extend((by_team || self.holds(user, role, credential)).then_some(role));
        }
        if let Some(organization) = of.organization {
            let admin = [Role::OrganizationAdmin, Role::OrganizationCredentialAdmin];
            let by_position = admin.iter().any(|role| self.holds(user, *role, organization));
            held.extend(by_position.then_some(Role::CredentialAdmin));
            let audits = self.holds(user, Role::OrganizationAuditor, organization);
            held.extend(audits.then_some(Role::CredentialRead));
        }
        if let Some(team) = of.team.filter(|team| self.teams.contains_key(team)) {
            held.extend(self.heads_team(user, team).then_some(Role::CredentialAdmin));
            held.extend(self.is_in_team(user, team).then_some(Role::CredentialUse));
        }
        let edit = held.contains(&Role::CredentialAdmin);
        let using = edit || held.contains(&Role::CredentialUse);
        let read = using || held.contains(&Role::CredentialRead) || self.users[&user].auditor;
        Rights { read, using, edit: edit && !managed }
    }

    pub(crate) fn credentials_of(&self, user: i64) -> Vec<i64> {
        self.credentials.keys().copied().filter(|id| self.rights(user, *id).read).collect()
    }

    /// What a user may do to a job template; to use it is to run it.
    pub(crate) fn template_rights(&self, user: i64, template: i64) -> Rights {
        let of = self.templates[&template].organization;
        let on_organization = |role| of.is_some_and(|of| self.holds(user, role, of));
        let edit = self.users[&user].superuser
            || self.holds(user, Role::JobTemplateAdmin, template)
            || on_organization(Role::OrganizationAdmin)
            || on_organization(Role::OrganizationJobTemplateAdmin);
        let using = edit
            || self.holds(user, Role::JobTemplateExecute, template)
            || on_organization(Role::OrganizationExecute);
        let read = using
            || self.holds(user, Role::JobTemplateRead, template)
            || on_organization(Role::OrganizationAuditor)
            || self.users[&user].auditor;
        Rights { read, using, edit }
    }

    pub(crate) fn templates_of(&self, user: i64) -> Vec<i64> {
        let all = self.templates.keys().copied();
        all.filter(|id| self.template_rights(user, *id).read).collect()
    }

    /// The input sources of the credentials that the user may read.
    pub(crate) fn sources_of(&self, user: i64) -> Vec<i64> {
        let seen = self.sources.iter().filter(|(_, (target, _))| self.rights(user, *target).read);
        seen.map(|(id, _)| *id).collect()
    }

    pub(crate) fn organizations_of(&self, user: i64) -> Vec<i64> {
        let all = self.organizations.iter().copied();
        all.filter(|id| self.reads_everything(user) || self.is_known_to(user, *id)).collect()
    }

    pub(crate) fn teams_of(&self, user: i64) -> Vec<i64> {
        let sees = |(id, of): (&i64, &i64)| {
            let participates =
                [Role::OrganizationAdmin, Role::OrganizationAuditor, Role::OrganizationMember];
            let by_position = participates.iter().any(|role| self.holds(user, *role, *of));
            let seen = self.sees_all_people(user) || by_position || self.is_in_team(user, *id);
            seen.then_some(*id)
        };
        self.teams.iter().filter_map(sees).collect()
    }

    pub(crate) fn users_of(&self, user: i64) -> Vec<i64> {
        let shares = |other: i64| {
            self.organizations
                .iter()
                .any(|of| self.is_known_to(user, *of) && self.is_known_to(other, *of))
        };
        let sees = |(id, other): (&i64, &User)| {
            let seen = self.sees_all_people(user) || *id == user || other.superuser || shares(*id);
            seen.then_some(*id)
        };
        self.users.iter().filter_map(sees).collect()
    }

    fn holds(&self, user: i64, role: Role, on: i64) -> bool {
        self.grants.contains(&(user, role, on))
    }

    /// Whether the user holds any role on the organization by name.
    fn is_known_to(&self, user: i64, organization: i64) -> bool {
        self.grants.iter().any(|(holder, role, on)| {
            *holder == user && role.kind() == ResourceKind::Organization && *on == organization
        })
    }

    fn heads_team(&self, user: i64, team: i64) -> bool {
        let of = self.teams.get(&team).copied();
        self.holds(user, Role::TeamAdmin, team)
            || of.is_some_and(|of| self.holds(user, Role::OrganizationAdmin, of))
    }

    fn is_in_team(&self, user: i64, team: i64) -> bool {
        self.heads_team(user, team) || self.holds(user, Role::TeamMember, team)
    }

    fn reads_everything(&self, user: i64) -> bool {
        self.users[&user].superuser || self.users[&user].auditor
    }

    fn sees_all_people(&self, user: i64) -> bool {
        self.reads_everything(user)
            || self.grants.iter().any(|(holder, role, _)| {
                *holder == user
                    && matches!(role, Role::OrganizationAdmin | Role::OrganizationAuditor)
            })
    }
}

fn choose(among: impl Iterator<Item = i64>, at: usize) -> Option<i64> {
    let among: Vec<i64> = among.collect();
    among.get(at % among.len().max(1)).copied()
}

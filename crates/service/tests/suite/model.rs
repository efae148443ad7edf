//! Random sequences of use-cases against a model in memory: after each step everybody sees in lists, and one by
//! one, exactly what the model says.

mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Map, json};
use strongroom_core::Result;
use strongroom_core::access::Role;
use strongroom_service::{
    CredentialDraft, CredentialScope, InputSourceDraft, InputSourceScope, JobTemplateDraft,
    OwnerDoor, RoleHolder, RoleTarget, UserDraft,
};

use crate::room::{
    StoreKind, TestRoom, everything, given, machine, organization, team, token, user,
};
use world::World;

/// One step; the numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
enum Step {
    CreateUser,
    DeleteUser(usize),
    Flag(usize, bool),
    CreateOrganization,
    DeleteOrganization(usize),
    CreateTeam(usize),
    DeleteTeam(usize),
    Give(usize, usize, usize),
    Take(usize),
    GiveTeam(usize, usize, usize),
    CreateFor(Owned, usize),
    DeleteCredential(usize),
    Move(usize, Option<usize>),
    Change(usize, usize),
    IssueToken(usize),
    RevokeToken(usize),
    CreateVault(usize),
    CreateTemplate(Option<usize>),
    DeleteTemplate(usize, usize),
    Attach(usize, usize, usize),
    Detach(usize, usize, usize),
    Feed(usize, usize, usize),
    Starve(usize, usize),
}

#[derive(Debug, Clone, Copy)]
enum Owned {
    Organization,
    Team,
    User,
}

fn step() -> impl Strategy<Value = Step> {
    let any = || 0_usize..1000;
    let owned = prop_oneof![Just(Owned::Organization), Just(Owned::Team), Just(Owned::User)];
    prop_oneof![
        1 => Just(Step::CreateUser),
        1 => any().prop_map(Step::DeleteUser),
        1 => (any(), proptest::bool::ANY).prop_map(|(user, on)| Step::Flag(user, on)),
        1 => Just(Step::CreateOrganization),
        1 => any().prop_map(Step::DeleteOrganization),
        2 => any().prop_map(Step::CreateTeam),
        1 => any().prop_map(Step::DeleteTeam),
        8 => (any(), any(), any()).prop_map(|(user, role, on)| Step::Give(user, role, on)),
        3 => any().prop_map(Step::Take),
        3 => (any(), any(), any()).prop_map(|(team, role, on)| Step::GiveTeam(team, role, on)),
        5 => (owned, any()).prop_map(|(owned, of)| Step::CreateFor(owned, of)),
        1 => any().prop_map(Step::DeleteCredential),
        2 => (any(), proptest::option::of(any())).prop_map(|(id, to)| Step::Move(id, to)),
        3 => (any(), any()).prop_map(|(user, id)| Step::Change(user, id)),
        1 => any().prop_map(Step::IssueToken),
        1 => any().prop_map(Step::RevokeToken),
        2 => any().prop_map(Step::CreateVault),
        2 => proptest::option::of(any()).prop_map(Step::CreateTemplate),
        1 => (any(), any()).prop_map(|(user, id)| Step::DeleteTemplate(user, id)),
        4 => (any(), any(), any()).prop_map(|(user, to, id)| Step::Attach(user, to, id)),
        1 => (any(), any(), any()).prop_map(|(user, to, id)| Step::Detach(user, to, id)),
        4 => (any(), any(), any()).prop_map(|(user, to, by)| Step::Feed(user, to, by)),
        1 => (any(), any()).prop_map(|(user, id)| Step::Starve(user, id)),
    ]
}

/// The roles that steps give, whatever object is chosen.
const ROLES: [Role; 14] = [
    Role::OrganizationAdmin,
    Role::OrganizationCredentialAdmin,
    Role::OrganizationAuditor,
    Role::OrganizationMember,
    Role::TeamAdmin,
    Role::TeamMember,
    Role::CredentialAdmin,
    Role::CredentialUse,
    Role::CredentialRead,
    Role::OrganizationJobTemplateAdmin,
    Role::OrganizationExecute,
    Role::JobTemplateAdmin,
    Role::JobTemplateExecute,
    Role::JobTemplateRead,
];

/// A room, what the model says is in it, and a number for names.
struct Run {
    room: TestRoom,
    world: World,
    named: usize,
}

impl Run {
    async fn new(kind: StoreKind) -> Self {
        let room = TestRoom::new(kind).await;
        let mut run = Self { room, world: World::first_start(), named: 0 };
        for first in [Step::CreateUser, Step::CreateUser, Step::CreateTeam(0)] {
            run.take(first).await;
        }
        for owned in [Owned::Organization, Owned::Team, Owned::User] {
            run.take(Step::CreateFor(owned, 0)).await;
        }
        for more in [Step::CreateVault(0), Step::CreateTemplate(Some(0))] {
            run.take(more).await;
        }
        run
    }

    fn name(&mut self) -> String {
        self.named += 1;
        format!("name {}", self.named)
    }

    /// Does the step and tells the model; a step that has nothing to choose from is none.
    async fn take(&mut self, step: Step) {
        let _ = self.try_step(step).await;
    }

    async fn try_step(&mut self, step: Step) -> Option<()> {
        let name = self.name();
        // What is given at the AWX door counts there in full.
        let admin = self.world.caller(&self.room, 1).await;
        match step {
            Step::CreateUser => {
                let made = admin.create_user(user(&name)).await.unwrap().user.identity.id;
                self.world.users.insert(made, world::User::new(&name));
            }
            Step::DeleteUser(at) => {
                let id = self.world.person(at)?;
                admin.delete_user(id).await.unwrap();
                self.world.delete_user(id);
            }
            Step::Flag(at, on) => {
                let id = self.world.person(at)?;
                let draft = UserDraft { is_system_auditor: given(on), ..UserDraft::default() };
                admin.update_user(id, draft).await.unwrap();
                self.world.users.get_mut(&id)?.auditor = on;
            }
            Step::CreateOrganization => {
                let made = admin.create_organization(organization(&name)).await.unwrap();
                self.world.organizations.insert(made.organization.identity.id);
            }
            Step::DeleteOrganization(at) => {
                let id = self.world.organization(at)?;
                admin.delete_organization(id).await.unwrap();
                self.world.delete_organization(id);
            }
            Step::CreateTeam(at) => {
                let of = self.world.organization(at)?;
                let made = admin.create_team(team(&name, of)).await.unwrap().team.identity.id;
                self.world.teams.insert(made, of);
            }
            Step::DeleteTeam(at) => {
                let id = self.world.team(at)?;
                admin.delete_team(id).await.unwrap();
                self.world.delete_team(id);
            }
            Step::Give(..) | Step::Take(_) | Step::GiveTeam(..) => self.roles(step).await?,
            Step::CreateVault(_) | Step::CreateTemplate(_) => self.furnish(step, name).await?,
            Step::DeleteTemplate(..) | Step::Attach(..) | Step::Detach(..) => {
                self.templates(step).await?;
            }
            Step::Feed(..) | Step::Starve(..) => self.sources(step).await?,
            Step::CreateFor(owned, at) => self.create(owned, at, &name).await?,
            Step::DeleteCredential(at) => {
                let id = self.world.credential(at)?;
                admin.delete(id).await.unwrap();
                self.world.delete_credential(id);
            }
            Step::Move(at, to) => {
                let id = self.world.credential(at)?;
                let to = match to {
                    Some(to) => Some(self.world.organization(to)?),
                    None => None,
                };
                let draft = CredentialDraft {
                    organization: given(to.map(Into::into)),
                    ..CredentialDraft::default()
                };
                admin.update(id, draft).await.unwrap();
                self.world.credentials.get_mut(&id)?.organization = to;
            }
            Step::Change(at, credential) => {
                let (id, credential) = (self.world.person(at)?, self.world.credential(credential)?);
                let caller = self.world.caller(&self.room, id).await;
                let draft =
                    CredentialDraft { description: given(name), ..CredentialDraft::default() };
                let may = self.world.rights(id, credential).edit;
                agree(may, &caller.update(credential, draft).await, "change");
            }
            Step::IssueToken(at) => {
                let id = self.world.person(at)?;
                let caller = self.world.caller(&self.room, id).await;
                let made =
                    caller.issue(token(strongroom_core::record::TokenKind::Awx)).await.unwrap();
                self.world.tokens.insert(made.view.token.id, (id, made.secret));
            }
            Step::RevokeToken(at) => {
                let tokens: Vec<i64> = self.world.tokens.keys().copied().collect();
                let id = *tokens.get(at % tokens.len().max(1))?;
                admin.revoke(id).await.unwrap();
                self.world.tokens.remove(&id);
            }
        }
        Some(())
    }

    /// A step that gives or takes a role.
    async fn roles(&mut self, step: Step) -> Option<()> {
        let admin = self.world.caller(&self.room, 1).await;
        match step {
            Step::Give(at, role, on) => {
                let (id, role) = (self.world.person(at)?, ROLES[role % ROLES.len()]);
                let on = self.world.object(role, on)?;
                let may = self.world.may_hold(id, role, on);
                agree(may, &admin.give(role, on, id).await, "give");
                if may {
                    self.world.grants.insert((id, role, on));
                }
            }
            Step::Take(at) => {
                let grants: Vec<_> = self.world.grants.iter().copied().collect();
                let (id, role, on) = *grants.get(at % grants.len().max(1))?;
                admin.take(role, on, id).await.unwrap();
                self.world.grants.remove(&(id, role, on));
            }
            Step::GiveTeam(at, role, on) => {
                let (id, role) = (self.world.team(at)?, ROLES[6 + role % 3]);
                let on = self.world.object(role, on)?;
                let may =
                    self.world.credentials[&on].organization == self.world.teams.get(&id).copied();
                let target = RoleTarget::On(role, on.into());
                agree(
                    may,
                    &admin.give_role(target, RoleHolder::Team(id.into())).await,
                    "give a team",
                );
                if may {
                    self.world.team_grants.insert((id, role, on));
                }
            }
            other => unreachable!("{other:?} gives no role"),
        }
        Some(())
    }

    /// A step that makes something that uses credentials.
    async fn furnish(&mut self, step: Step, name: String) -> Option<()> {
        let admin = self.world.caller(&self.room, 1).await;
        match step {
            Step::CreateVault(at) => {
                let of = self.world.organization(at)?;
                let inputs = Map::from_iter([("url".to_owned(), json!("https://vault.example"))]);
                let draft = CredentialDraft {
                    name: given(name),
                    credential_type: given(VAULT),
                    inputs: given(inputs),
                    ..CredentialDraft::default()
                };
                let door = OwnerDoor::Organization(of.into());
                let made = admin.create_credential(door, draft).await.unwrap();
                let made = made.credential.identity.id;
                let vault =
                    world::Credential { organization: Some(of), team: None, external: true };
                self.world.credentials.insert(made, vault);
            }
            Step::CreateTemplate(at) => {
                let of = match at {
                    Some(at) => Some(self.world.organization(at)?),
                    None => None,
                };
                let draft = JobTemplateDraft {
                    name: given(name),
                    organization: given(of.map(Into::into)),
                    ..JobTemplateDraft::default()
                };
                let made = admin.room.create_job_template(&admin.actor, draft).await.unwrap();
                let template = world::Template { organization: of, ..world::Template::default() };
                self.world.templates.insert(made.job_template.identity.id, template);
            }
            other => unreachable!("{other:?} makes nothing"),
        }
        Some(())
    }

    /// A step by which a job template uses a credential, or no more.
    async fn templates(&mut self, step: Step) -> Option<()> {
        match step {
            Step::DeleteTemplate(at, id) => {
                let (by, id) = (self.world.person(at)?, self.world.template(id)?);
                let caller = self.world.caller(&self.room, by).await;
                let may = self.world.template_rights(by, id).edit;
                let outcome = caller.room.delete_job_template(&caller.actor, &id.into()).await;
                agree(may, &outcome, "delete a template");
                if may {
                    self.world.delete_template(id);
                }
            }
            Step::Attach(at, to, id) => {
                let by = self.world.person(at)?;
                let (to, id) = (self.world.template(to)?, self.world.credential(id)?);
                let caller = self.world.caller(&self.room, by).await;
                // A template takes one of each type, and none that fetches.
                let may = self.world.template_rights(by, to).edit
                    && self.world.rights(by, id).using
                    && self.world.templates[&to].attached.is_empty()
                    && !self.world.credentials[&id].external;
                let (template, credential) = (to.into(), id.into());
                let outcome = caller
                    .room
                    .attach_job_template_credential(&caller.actor, &template, &credential)
                    .await;
                agree(may, &outcome, "attach");
                if may {
                    self.world.templates.get_mut(&to)?.attached.insert(id);
                }
            }
            Step::Detach(at, to, id) => {
                let (by, to) = (self.world.person(at)?, self.world.template(to)?);
                let attached = &self.world.templates[&to].attached;
                let id = attached.iter().copied().nth(id % attached.len().max(1))?;
                let caller = self.world.caller(&self.room, by).await;
                // It takes no right on what is detached.
                let may = self.world.template_rights(by, to).edit;
                let (template, credential) = (to.into(), id.into());
                let outcome = caller
                    .room
                    .detach_job_template_credential(&caller.actor, &template, &credential)
                    .await;
                agree(may, &outcome, "detach");
                if may {
                    self.world.templates.get_mut(&to)?.attached.remove(&id);
                }
            }
            other => unreachable!("{other:?} concerns no template"),
        }
        Some(())
    }

    /// A step by which a credential gets a field from another one, or no more.
    async fn sources(&mut self, step: Step) -> Option<()> {
        match step {
            Step::Feed(at, target, source) => {
                let by = self.world.person(at)?;
                let (target, source) =
                    (self.world.credential(target)?, self.world.credential(source)?);
                let caller = self.world.caller(&self.room, by).await;
                let metadata = [("secret_path", json!("a")), ("secret_key", json!("k"))];
                let draft = InputSourceDraft {
                    field: given("password".to_owned()),
                    metadata: given(Map::from_iter(
                        metadata.map(|(key, value)| (key.to_owned(), value)),
                    )),
                    target: given(target),
                    source: given(source),
                    ..InputSourceDraft::default()
                };
                let may = self.world.rights(by, target).edit
                    && self.world.rights(by, source).using
                    && !self.world.credentials[&target].external
                    && self.world.credentials[&source].external
                    && self.world.sources.values().all(|(fed, _)| *fed != target);
                let outcome = caller.room.create_input_source(&caller.actor, None, draft).await;
                agree(may, &outcome, "feed");
                if let Ok(made) = outcome {
                    self.world.sources.insert(made.input_source.identity.id, (target, source));
                }
            }
            Step::Starve(at, id) => {
                let (by, id) = (self.world.person(at)?, self.world.source(id)?);
                let caller = self.world.caller(&self.room, by).await;
                let may = self.world.rights(by, self.world.sources[&id].0).edit;
                let outcome = caller.room.delete_input_source(&caller.actor, &id.into()).await;
                agree(may, &outcome, "starve");
                if may {
                    self.world.sources.remove(&id);
                }
            }
            other => unreachable!("{other:?} concerns no input source"),
        }
        Some(())
    }

    async fn create(&mut self, owned: Owned, at: usize, name: &str) -> Option<()> {
        let (door, made) = match owned {
            Owned::Organization => {
                let of = self.world.organization(at)?;
                (
                    OwnerDoor::Organization(of.into()),
                    world::Credential { organization: Some(of), team: None, external: false },
                )
            }
            Owned::Team => {
                let of = self.world.team(at)?;
                let organization = self.world.teams.get(&of).copied();
                (
                    OwnerDoor::Team(of.into()),
                    world::Credential { organization, team: Some(of), external: false },
                )
            }
            Owned::User => {
                let of = self.world.person(at)?;
                (
                    OwnerDoor::User(of.into()),
                    world::Credential { organization: None, team: None, external: false },
                )
            }
        };
        let admin = self.world.caller(&self.room, 1).await;
        let id = admin.create_credential(door.clone(), machine(name)).await.unwrap();
        let id = id.credential.identity.id;
        if let (Owned::User, OwnerDoor::User(strongroom_core::id::Ref::Serial(owner))) =
            (owned, door)
        {
            self.world.grants.insert((owner, Role::CredentialAdmin, id));
        }
        self.world.credentials.insert(id, made);
        Some(())
    }

    /// What each person sees is what the model says; one of them looks at everything one by one.
    async fn check(&mut self, number: usize) {
        let people: Vec<i64> = self.world.users.keys().copied().collect();
        for (at, id) in people.iter().enumerate() {
            let caller = self.world.caller(&self.room, *id).await;
            let mut seen = caller.sees(CredentialScope::All).await.unwrap();
            seen.sort_unstable();
            assert_eq!(seen, self.world.credentials_of(*id), "credentials of {id}");
            let organizations = caller.organizations().await.unwrap();
            assert_eq!(
                sorted(&organizations),
                self.world.organizations_of(*id),
                "organizations of {id}"
            );
            let teams = caller.teams().await.unwrap();
            assert_eq!(sorted(&teams), self.world.teams_of(*id), "teams of {id}");
            let users = caller.users().await.unwrap();
            assert_eq!(sorted(&users), self.world.users_of(*id), "users of {id}");
            let templates = caller.room.list_job_templates(&caller.actor, everything()).await;
            let templates: Vec<i64> =
                templates.unwrap().items.iter().map(|one| one.job_template.identity.id).collect();
            assert_eq!(sorted(&templates), self.world.templates_of(*id), "templates of {id}");
            let sources = caller
                .room
                .list_input_sources(&caller.actor, InputSourceScope::All, everything())
                .await;
            let sources: Vec<i64> =
                sources.unwrap().items.iter().map(|one| one.input_source.identity.id).collect();
            assert_eq!(sorted(&sources), self.world.sources_of(*id), "input sources of {id}");
            if at == number % people.len() {
                self.look_one_by_one(&caller, &users).await;
            }
        }
        for (user, secret) in self.world.tokens.values() {
            let presented = strongroom_service::Presented::Bearer(secret.clone());
            let caller =
                self.room.caller(strongroom_core::access::Door::Awx, presented).await.unwrap();
            assert_eq!(caller.id, *user);
        }
        let tokens = self.room.number("SELECT COUNT(*) FROM tokens WHERE kind = 'awx'").await;
        assert_eq!(usize::try_from(tokens).unwrap(), self.world.tokens.len());
        assert_eq!(self.room.room.first_broken_audit_link().await.unwrap(), None);
    }

    async fn look_one_by_one(&self, caller: &crate::room::Caller, users: &[i64]) {
        for id in self.world.credentials.keys() {
            let expected = self.world.rights(caller.id, *id);
            let found = match caller.read(*id).await {
                Ok(view) => {
                    let may = view.capabilities;
                    world::Rights { read: true, using: may.use_it, edit: may.edit }
                }
                Err(_) => world::Rights::default(),
            };
            assert_eq!(found, expected, "user {} and credential {id}", caller.id);
        }
        for (id, template) in &self.world.templates {
            let expected = self.world.template_rights(caller.id, *id);
            let found = caller.room.read_job_template(&caller.actor, &(*id).into()).await;
            assert_eq!(found.is_ok(), expected.read, "user {} and template {id}", caller.id);
            if let Ok(view) = found {
                assert_eq!((view.may_change, view.may_delete), (expected.edit, expected.edit));
                // All that is attached is shown to every reader.
                let shown: Vec<i64> = view.credentials.iter().map(|one| one.id).collect();
                assert_eq!(sorted(&shown), template.attached.iter().copied().collect::<Vec<_>>());
            }
        }
        for (id, (target, _)) in &self.world.sources {
            let read = caller.room.read_input_source(&caller.actor, &(*id).into()).await.is_ok();
            assert_eq!(read, self.world.rights(caller.id, *target).read);
        }
        for id in &self.world.organizations {
            let read = caller.read_organization(*id).await.is_ok();
            assert_eq!(read, self.world.organizations_of(caller.id).contains(id));
        }
        for id in self.world.teams.keys() {
            let read = caller.read_team(*id).await.is_ok();
            assert_eq!(read, self.world.teams_of(caller.id).contains(id));
        }
        for id in self.world.users.keys() {
            assert_eq!(caller.read_user(*id).await.is_ok(), users.contains(id));
        }
    }
}

/// A managed type that fetches from another system.
const VAULT: i64 = 27;

fn sorted(ids: &[i64]) -> Vec<i64> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}

#[track_caller]
fn agree<T: std::fmt::Debug>(may: bool, outcome: &Result<T>, what: &str) {
    assert_eq!(outcome.is_ok(), may, "{what}: {outcome:?}");
}

/// Runs so many random sequences of so many steps.
fn run(kind: StoreKind, cases: u32, steps: usize) {
    let config =
        Config { cases, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap();
    let sequence = proptest::collection::vec(step(), steps..=steps);
    let outcome = TestRunner::new(config).run(&sequence, |sequence| {
        let case = async {
            let mut run = Run::new(kind).await;
            run.check(0).await;
            for (number, step) in sequence.into_iter().enumerate() {
                run.take(step).await;
                run.check(number).await;
            }
        };
        runtime.block_on(case);
        Ok::<(), TestCaseError>(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn everybody_sees_what_the_model_says_on_sqlite() {
    run(StoreKind::Sqlite, 10, 24);
}

#[test]
fn everybody_sees_what_the_model_says_on_postgres() {
    run(StoreKind::Postgres, 4, 20);
}

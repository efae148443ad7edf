//! From rows to what is shown: the names, owners and rights that go with each object.

use std::collections::BTreeMap;

use strongroom_core::access::{Permission, ResourceKind, Role, decide};
use strongroom_core::credential_type::{CredentialType, TypeHead};
use strongroom_core::id::Kind;
use strongroom_core::record::{
    Application, Credential, InputSource, JobTemplate, Organization, RoleOn, Team, Token, User,
};
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::store::{CredentialRow, GrantRow, Holder, ReadTx, RolesAndGrants, TypeRow};
use crate::view::{
    ApplicationView, CredentialSummary, CredentialTypeView, CredentialView, InputSourceView,
    JobTemplateView, OrganizationCounts, OrganizationView, Owner, RoleView, Summary, TeamView,
    TokenView, UserSummary, UserView,
};

impl ReadTx<'_> {
    /// One credential as the actor sees it.
    pub(crate) fn credential_view(
        &self,
        actor: &Actor,
        row: CredentialRow,
    ) -> Result<CredentialView> {
        let on_it =
            self.roles_and_grants(ResourceKind::Credential, &[row.credential.identity.id])?;
        self.credential_view_among(actor, row, on_it)
    }

    /// The same, with the roles and grants on it at hand.
    pub(crate) fn credential_view_among(
        &self,
        actor: &Actor,
        row: CredentialRow,
        on_it: RolesAndGrants,
    ) -> Result<CredentialView> {
        let views = self.credential_views_among(actor, vec![row], on_it)?;
        views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
    }

    /// Credentials as the actor sees them, in the order given.
    pub(crate) fn credential_views(
        &self,
        actor: &Actor,
        rows: Vec<CredentialRow>,
    ) -> Result<Vec<CredentialView>> {
        let ids: Vec<i64> = rows.iter().map(|row| row.credential.identity.id).collect();
        let on_them = self.roles_and_grants(ResourceKind::Credential, &ids)?;
        self.credential_views_among(actor, rows, on_them)
    }

    fn credential_views_among(
        &self,
        actor: &Actor,
        rows: Vec<CredentialRow>,
        RolesAndGrants { roles, grants }: RolesAndGrants,
    ) -> Result<Vec<CredentialView>> {
        let mut capabilities = self.capabilities_among(actor, &rows, &grants)?;
        let mut roles = by_resource(roles);
        let owners = Owners::read(self, &grants)?;
        let changeable: Vec<&Credential> = rows
            .iter()
            .map(|row| &row.credential)
            .filter(|credential| {
                capabilities.get(&credential.identity.id).is_some_and(|may| may.edit)
            })
            .collect();
        let mut fingerprints = self.fingerprints(&changeable)?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let id = row.credential.identity.id;
                let may = capabilities.remove(&id).unwrap_or_default();
                CredentialView {
                    fingerprints: may.edit.then(|| fingerprints.remove(&id).unwrap_or_default()),
                    revision: row.revision,
                    roles: shown_in_awx(roles.remove(&id).unwrap_or_default()),
                    owners: owners.of(id, row.organization.as_ref()),
                    capabilities: may,
                    credential_type: row.credential_type,
                    organization: row.organization,
                    created_by: row.created_by,
                    modified_by: row.modified_by,
                    credential: row.credential,
                }
            })
            .collect())
    }

    /// Organizations as the actor sees them.
    pub(crate) fn organization_views(
        &self,
        actor: &Actor,
        organizations: Vec<Organization>,
    ) -> Result<Vec<OrganizationView>> {
        let ids: Vec<i64> =
            organizations.iter().map(|organization| organization.identity.id).collect();
        let standing = self.standing(actor)?;
        let roles = self.roles_on(ResourceKind::Organization, &ids)?;
        let stamps: Vec<_> = organizations.iter().map(|organization| organization.stamp).collect();
        let people =
            self.people(stamps.iter().flat_map(|stamp| [stamp.created_by, stamp.modified_by]))?;
        let mut roles = by_resource(roles);
        let mut views = Vec::with_capacity(organizations.len());
        for organization in organizations {
            let id = organization.identity.id;
            let may = |permission| {
                let held = standing.on(ResourceKind::Organization, id);
                actor.may_write() && decide(&standing, actor.dialect(), permission, held).is_yes()
            };
            let roles = roles.remove(&id).unwrap_or_default();
            views.push(OrganizationView {
                counts: self.organization_counts(id, &roles)?,
                created_by: named(&people, organization.stamp.created_by),
                modified_by: named(&people, organization.stamp.modified_by),
                may_change: may(Permission::Change),
                may_delete: may(Permission::Delete),
                roles: shown_in_awx(roles),
                organization,
            });
        }
        Ok(views)
    }

    fn organization_counts(&self, id: i64, roles: &[RoleOn]) -> Result<OrganizationCounts> {
        let holders = |wanted: Role| -> Result<i64> {
            match roles.iter().find(|role| role.role == wanted) {
                Some(role) => self.count_users_of_role(role.id),
                None => Ok(0),
            }
        };
        Ok(OrganizationCounts {
            users: holders(Role::OrganizationMember)?,
            admins: holders(Role::OrganizationAdmin)?,
            teams: self.count_teams_of(id)?,
            job_templates: self.count_job_templates_of(id)?,
        })
    }

    /// Teams as the actor sees them.
    pub(crate) fn team_views(&self, actor: &Actor, teams: Vec<Team>) -> Result<Vec<TeamView>> {
        let ids: Vec<i64> = teams.iter().map(|team| team.identity.id).collect();
        let standing = self.standing(actor)?;
        let mut roles = by_resource(self.roles_on(ResourceKind::Team, &ids)?);
        let people =
            self.people(teams.iter().flat_map(|t| [t.stamp.created_by, t.stamp.modified_by]))?;
        let owners: Vec<i64> = teams.iter().map(|team| team.organization_id).collect();
        let organizations: BTreeMap<i64, Summary> = self
            .organizations_by_id(&owners)?
            .iter()
            .map(|o| (o.identity.id, summary(o)))
            .collect();
        let view = |team: Team| {
            let id = team.identity.id;
            let may = |permission| {
                let held = standing.on(ResourceKind::Team, id);
                actor.may_write() && decide(&standing, actor.dialect(), permission, held).is_yes()
            };
            let organization = organizations.get(&team.organization_id).cloned();
            Ok(TeamView {
                organization: organization.ok_or_else(|| {
                    strongroom_core::Error::internal("a team without organization")
                })?,
                created_by: named(&people, team.stamp.created_by),
                modified_by: named(&people, team.stamp.modified_by),
                roles: shown_in_awx(roles.remove(&id).unwrap_or_default()),
                may_change: may(Permission::Change),
                may_delete: may(Permission::Delete),
                team,
            })
        };
        teams.into_iter().map(view).collect()
    }

    /// Users as the actor sees them.
    pub(crate) fn user_views(&self, actor: &Actor, users: Vec<User>) -> Result<Vec<UserView>> {
        let mut views = Vec::with_capacity(users.len());
        for user in users {
            let own = actor.user_id() == Some(user.identity.id);
            let administers = actor.may_write() && self.administers(actor, &user)?.is_yes();
            views.push(UserView {
                may_change: administers || (own && actor.may_write()),
                may_delete: administers && !own,
                user,
            });
        }
        Ok(views)
    }

    /// Credential types as the actor sees them.
    pub(crate) fn type_views(
        &self,
        actor: &Actor,
        rows: Vec<TypeRow>,
    ) -> Result<Vec<CredentialTypeView>> {
        let administers = self.standing(actor)?.is_superuser && actor.may_write();
        let people =
            self.people(rows.iter().flat_map(|row| [row.stamp.created_by, row.stamp.modified_by]))?;
        let view = |row: TypeRow| {
            Ok(CredentialTypeView {
                identity: row.identity,
                description: row.description.clone(),
                stamp: row.stamp,
                created_by: named(&people, row.stamp.created_by),
                modified_by: named(&people, row.stamp.modified_by),
                may_change: administers,
                may_delete: administers,
                credential_type: credential_type_of(row)?,
            })
        };
        rows.into_iter().map(view).collect()
    }

    /// Input sources with the credentials that they join.
    pub(crate) fn input_source_views(
        &self,
        actor: &Actor,
        sources: Vec<InputSource>,
    ) -> Result<Vec<InputSourceView>> {
        let ids: Vec<i64> =
            sources.iter().flat_map(|source| [source.target_id, source.source_id]).collect();
        let rows = self.distinct_credentials(ids)?;
        let capabilities = self.capabilities(actor, &rows)?;
        let mentioned: BTreeMap<i64, CredentialSummary> =
            rows.into_iter().map(|row| (row.credential.identity.id, mention(row))).collect();
        let stamps = sources.iter().map(|source| source.stamp);
        let people = self.people(stamps.flat_map(|stamp| [stamp.created_by, stamp.modified_by]))?;
        let credential = |id: i64| {
            let found = mentioned.get(&id).cloned();
            found.ok_or_else(|| Error::internal("an input source without one of its credentials"))
        };
        let may = |id: i64| capabilities.get(&id).copied().unwrap_or_default();
        let view = |source: InputSource| {
            let may_delete = may(source.target_id).edit;
            Ok(InputSourceView {
                target: credential(source.target_id)?,
                source: credential(source.source_id)?,
                created_by: named(&people, source.stamp.created_by),
                modified_by: named(&people, source.stamp.modified_by),
                may_change: may_delete && may(source.source_id).use_it,
                may_delete,
                input_source: source,
            })
        };
        sources.into_iter().map(view).collect()
    }

    /// Job templates as the actor sees them, with every credential that is attached.
    pub(crate) fn job_template_views(
        &self,
        actor: &Actor,
        templates: Vec<JobTemplate>,
    ) -> Result<Vec<JobTemplateView>> {
        let ids: Vec<i64> = templates.iter().map(|template| template.identity.id).collect();
        let standing = self.standing(actor)?;
        let held = self.holdings_on(&standing, ResourceKind::JobTemplate, &ids)?;
        let mut roles = by_resource(self.roles_on(ResourceKind::JobTemplate, &ids)?);
        let stamps = templates.iter().map(|template| template.stamp);
        let people = self.people(stamps.flat_map(|stamp| [stamp.created_by, stamp.modified_by]))?;
        let owners: Vec<i64> = templates.iter().filter_map(|t| t.organization_id).collect();
        let organizations: BTreeMap<i64, Summary> = self
            .organizations_by_id(&owners)?
            .iter()
            .map(|o| (o.identity.id, summary(o)))
            .collect();
        let attached = self.credentials_attached_to(&ids)?;
        let mentioned: BTreeMap<i64, CredentialSummary> = self
            .distinct_credentials(attached.values().flatten().copied().collect())?
            .into_iter()
            .map(|row| (row.credential.identity.id, mention(row)))
            .collect();
        let view = |template: JobTemplate| {
            let id = template.identity.id;
            let held = held.get(&id).map(Vec::as_slice).unwrap_or_default();
            let may = |permission| {
                actor.may_write() && decide(&standing, actor.dialect(), permission, held).is_yes()
            };
            let of = attached.get(&id).map(Vec::as_slice).unwrap_or_default();
            JobTemplateView {
                organization: template
                    .organization_id
                    .and_then(|id| organizations.get(&id))
                    .cloned(),
                created_by: named(&people, template.stamp.created_by),
                modified_by: named(&people, template.stamp.modified_by),
                roles: shown_in_awx(roles.remove(&id).unwrap_or_default()),
                credentials: of.iter().filter_map(|id| mentioned.get(id)).cloned().collect(),
                may_change: may(Permission::Change),
                may_delete: may(Permission::Delete),
                job_template: template,
            }
        };
        Ok(templates.into_iter().map(view).collect())
    }

    /// The rows of these credentials, each once.
    fn distinct_credentials(&self, mut ids: Vec<i64>) -> Result<Vec<CredentialRow>> {
        ids.sort_unstable();
        ids.dedup();
        self.credential_rows(&ids)
    }

    /// Tokens with their users.
    pub(crate) fn token_views(&self, tokens: Vec<Token>) -> Result<Vec<TokenView>> {
        let people = self.people(tokens.iter().map(|token| Some(token.user_id)))?;
        let given: Vec<i64> = tokens.iter().filter_map(|token| token.application_id).collect();
        let applications: BTreeMap<i64, Summary> = self
            .applications_by_id(&given)?
            .into_iter()
            .map(|one| {
                let id = one.identity.id;
                (id, Summary { id, name: one.name, description: one.description })
            })
            .collect();
        let view = |token: Token| {
            let user = named(&people, Some(token.user_id));
            let user =
                user.ok_or_else(|| strongroom_core::Error::internal("a token without user"))?;
            let application = token.application_id.and_then(|id| applications.get(&id)).cloned();
            Ok(TokenView { token, user, application })
        };
        tokens.into_iter().map(view).collect()
    }

    /// Applications as the actor sees them.
    pub(crate) fn application_views(
        &self,
        actor: &Actor,
        applications: Vec<Application>,
    ) -> Result<Vec<ApplicationView>> {
        let standing = self.standing(actor)?;
        let people = self.people(
            applications.iter().flat_map(|one| [one.stamp.created_by, one.stamp.modified_by]),
        )?;
        let ids: Vec<i64> = applications.iter().map(|one| one.organization_id).collect();
        let organizations: BTreeMap<i64, Summary> = self
            .organizations_by_id(&ids)?
            .iter()
            .map(|organization| (organization.identity.id, summary(organization)))
            .collect();
        let view = |application: Application| {
            let owner = application.organization_id;
            let (token_count, tokens) = self.tokens_given(application.identity.id, TOKENS_SHOWN)?;
            let organization = organizations.get(&owner).cloned();
            Ok(ApplicationView {
                organization: organization.ok_or_else(|| {
                    strongroom_core::Error::internal("an application without organization")
                })?,
                created_by: named(&people, application.stamp.created_by),
                modified_by: named(&people, application.stamp.modified_by),
                token_count,
                tokens,
                may_change: actor.may_write()
                    && (standing.is_superuser || standing.holds(Role::OrganizationAdmin, owner)),
                application,
            })
        };
        applications.into_iter().map(view).collect()
    }

    /// Roles with the names of the objects they stand on.
    pub(crate) fn role_views(&self, roles: Vec<RoleOn>) -> Result<Vec<RoleView>> {
        let mut names: BTreeMap<(ResourceKind, i64), String> = BTreeMap::new();
        for (kind, of) in NAMED {
            let on = roles.iter().filter(|role| role.role.kind() == *kind);
            let ids: Vec<i64> = on.map(|role| role.resource_id).collect();
            names.extend(self.names(*of, &ids)?.into_iter().map(|(id, name)| ((*kind, id), name)));
        }
        let view = |role: RoleOn| RoleView {
            resource_name: names.get(&(role.role.kind(), role.resource_id)).cloned(),
            role,
        };
        Ok(roles.into_iter().map(view).collect())
    }

    fn people(&self, ids: impl Iterator<Item = Option<i64>>) -> Result<BTreeMap<i64, UserSummary>> {
        let mut ids: Vec<i64> = ids.flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        let users = self.users_by_id(&ids)?;
        Ok(users.iter().map(|user| (user.identity.id, UserSummary::from(user))).collect())
    }
}

/// The type of a row, its documents parsed.
pub(crate) fn credential_type_of(row: TypeRow) -> Result<CredentialType> {
    let head =
        TypeHead { name: row.name, kind: row.kind, namespace: row.namespace, managed: row.managed };
    CredentialType::from_documents(head, row.inputs, row.injectors)
}

/// How an organization is mentioned.
pub(crate) fn summary(organization: &Organization) -> Summary {
    Summary {
        id: organization.identity.id,
        name: organization.name.clone(),
        description: organization.description.clone(),
    }
}

/// How a credential is mentioned.
fn mention(row: CredentialRow) -> CredentialSummary {
    CredentialSummary {
        id: row.credential.identity.id,
        name: row.credential.name,
        description: row.credential.description,
        credential_type: row.credential_type,
    }
}

/// Elements by id, put into the order of the ids.
pub(crate) fn in_order<T>(ids: &[i64], items: Vec<T>, id_of: impl Fn(&T) -> i64) -> Vec<T> {
    let mut by_id: BTreeMap<i64, T> = items.into_iter().map(|item| (id_of(&item), item)).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}

/// Who administers each credential by name or as a team.
struct Owners {
    users: BTreeMap<i64, Vec<UserSummary>>,
    teams: BTreeMap<i64, Vec<Summary>>,
}

impl Owners {
    fn read(tx: &ReadTx<'_>, grants: &[GrantRow]) -> Result<Self> {
        let admin = || grants.iter().filter(|grant| grant.role.role == Role::CredentialAdmin);
        let people = tx.people(admin().map(|grant| match grant.holder {
            Holder::User(id) => Some(id),
            Holder::Group(_) => None,
        }))?;
        let mut teams: Vec<i64> = admin().filter_map(|grant| grant.team_id).collect();
        teams.sort_unstable();
        teams.dedup();
        let teams: BTreeMap<i64, Summary> = tx
            .teams_by_id(&teams)?
            .into_iter()
            .map(|team| {
                let id = team.identity.id;
                (id, Summary { id, name: team.name, description: team.description })
            })
            .collect();
        let mut owners = Self { users: BTreeMap::new(), teams: BTreeMap::new() };
        for grant in admin() {
            let credential = grant.role.resource_id;
            match grant.holder {
                Holder::User(id) => {
                    let on = owners.users.entry(credential).or_default();
                    on.extend(people.get(&id).filter(|user| !on.contains(user)).cloned());
                }
                Holder::Group(_) => {
                    let team = grant.team_id.and_then(|id| teams.get(&id));
                    let on = owners.teams.entry(credential).or_default();
                    on.extend(team.filter(|team| !on.contains(team)).cloned());
                }
            }
        }
        Ok(owners)
    }

    fn of(&self, credential: i64, organization: Option<&Summary>) -> Vec<Owner> {
        let users = self.users.get(&credential).into_iter().flatten().cloned().map(Owner::User);
        let organization = organization.cloned().map(Owner::Organization);
        let teams = self.teams.get(&credential).into_iter().flatten().cloned().map(Owner::Team);
        users.chain(organization).chain(teams).collect()
    }
}

fn by_resource(roles: Vec<RoleOn>) -> BTreeMap<i64, Vec<RoleOn>> {
    let mut by: BTreeMap<i64, Vec<RoleOn>> = BTreeMap::new();
    for role in roles {
        by.entry(role.resource_id).or_default().push(role);
    }
    by
}

fn shown_in_awx(mut roles: Vec<RoleOn>) -> Vec<RoleOn> {
    roles.retain(|role| role.role.is_shown_in_awx());
    roles
}

fn named(people: &BTreeMap<i64, UserSummary>, id: Option<i64>) -> Option<UserSummary> {
    id.and_then(|id| people.get(&id)).cloned()
}

/// How many of an application's tokens are shown beside it.
const TOKENS_SHOWN: i64 = 10;
const NAMED: &[(ResourceKind, Kind)] = &[
    (ResourceKind::Organization, Kind::Organization),
    (ResourceKind::Team, Kind::Team),
    (ResourceKind::Credential, Kind::Credential),
    (ResourceKind::JobTemplate, Kind::JobTemplate),
];

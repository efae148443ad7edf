//! Objects named by their names instead of an identity.

use strongroom_core::Result;
use strongroom_core::id::{Kind, Ref};

use crate::Strongroom;
use crate::actor::Actor;

/// An object by name, as far as names tell objects of its kind apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedRef {
    /// A user by user name.
    User(String),
    /// An organization.
    Organization(String),
    /// A team of an organization.
    Team {
        /// The team's name.
        name: String,
        /// The organization's name.
        organization: String,
    },
    /// A job template of an organization, or without one.
    JobTemplate {
        /// Its name.
        name: String,
        /// The organization's name, if it has one.
        organization: Option<String>,
    },
    /// An OAuth application of an organization.
    Application {
        /// The application's name.
        name: String,
        /// The organization's name.
        organization: String,
    },
    /// A credential type.
    CredentialType {
        /// Its name.
        name: String,
        /// Its kind.
        kind: String,
    },
    /// A credential; the oldest where several without organization share a name.
    Credential {
        /// Its name.
        name: String,
        /// The name of its type.
        type_name: String,
        /// The kind of its type.
        type_kind: String,
        /// The name of its organization, if it has one.
        organization: Option<String>,
    },
}

impl NamedRef {
    const fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Organization(_) => Kind::Organization,
            Self::Team { .. } => Kind::Team,
            Self::JobTemplate { .. } => Kind::JobTemplate,
            Self::Application { .. } => Kind::Application,
            Self::CredentialType { .. } => Kind::CredentialType,
            Self::Credential { .. } => Kind::Credential,
        }
    }
}

impl Strongroom {
    /// The identity behind a name, `NotFound` when there is none.
    ///
    /// It says nothing about what the actor may see: every use of the identity is checked like any other.
    pub async fn resolve_name(&self, _: &Actor, named: NamedRef) -> Result<Ref> {
        self.read(move |tx| {
            let kind = named.kind();
            let id = match &named {
                NamedRef::User(name) => tx.user_by_name(name)?.map(|(user, _)| user.identity.id),
                NamedRef::Organization(name) => tx.organization_id_by_name(name)?,
                NamedRef::Team { name, organization } => {
                    match tx.organization_id_by_name(organization)? {
                        Some(organization) => tx.team_id_by_name(organization, name)?,
                        None => None,
                    }
                }
                NamedRef::JobTemplate { name, organization } => {
                    let organization = match organization {
                        Some(organization) => match tx.organization_id_by_name(organization)? {
                            Some(id) => Some(id),
                            None => return Err(strongroom_core::Error::NotFound(kind)),
                        },
                        None => None,
                    };
                    tx.job_template_id_by_name(organization, name)?
                }
                NamedRef::Application { name, organization } => {
                    match tx.organization_id_by_name(organization)? {
                        Some(organization) => tx.application_id_by_name(organization, name)?,
                        None => None,
                    }
                }
                NamedRef::CredentialType { name, kind } => tx.type_id_by_name(name, kind)?,
                NamedRef::Credential { name, type_name, type_kind, organization } => {
                    let Some(type_id) = tx.type_id_by_name(type_name, type_kind)? else {
                        return Err(strongroom_core::Error::NotFound(kind));
                    };
                    let organization = match organization {
                        Some(name) => match tx.organization_id_by_name(name)? {
                            Some(id) => Some(id),
                            None => return Err(strongroom_core::Error::NotFound(kind)),
                        },
                        None => None,
                    };
                    tx.credential_id_named(organization, name, type_id)?
                }
            };
            id.map(Ref::Serial).ok_or(strongroom_core::Error::NotFound(kind))
        })
        .await
    }
}

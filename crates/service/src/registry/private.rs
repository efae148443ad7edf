//! Private registries: somebody else's, opened with a *Container Registry* credential that they refer to.
//!
//! A private registry is made with key and secret, and comes with its credential, which the organization owns from
//! then on; or it is made to refer to a credential that is there already, which takes *use* on it. The registry only
//! refers to it. That it does is a reference like any other, so the credential shows where it is used.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, json};
use strongroom_core::access::Dialect;
use strongroom_core::audit::{Change, Operation};
use strongroom_core::credential_type::{CheckedInputs, SecretChange};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Refusal, Rule, Violation};
use strongroom_core::hosted::{HostedRule, PROVIDERS, RegistryUrl, Unhealthy};
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::record::{Credential, Registry, RegistryCredential};
use strongroom_core::registry::same_host;
use strongroom_core::{Error, Result};

use super::{RegistryView, checked_name, entry_of, owner, told, view};
use crate::Strongroom;
use crate::actor::Actor;
use crate::audit::{HIDDEN, differences, gone, made};
use crate::credential::Born;
use crate::draw_identity;
use crate::store::{Audited, CredentialRow, NewRegistry, OwnUse, ReadTx, WriteTx, proof};
use crate::token::NamedOrganization;

/// What a request asks of a private registry.
#[derive(Debug, Clone, Default)]
pub struct PrivateRegistryDraft {
    /// Unique in the organization after folding.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
    /// The organization that it belongs to; at the Catalog's door always that of the key.
    pub organization: Member<NamedOrganization>,
    /// The product; fixed once it is made.
    pub provider: Member<String>,
    /// Its absolute address; fixed once it is made.
    pub url: Member<String>,
    /// The user name with which it is opened; none when absent.
    pub access_key: Member<String>,
    /// The password with which it is opened.
    pub access_secret: Member<SecretString>,
    /// The credential with which it is opened, in place of user name and password.
    pub credential: Member<Ref>,
    /// The namespace for containers.
    pub containers_organization: Member<String>,
    /// The namespace for charts.
    pub charts_organization: Member<String>,
}

impl Strongroom {
    /// Makes a private registry, with the credential that it refers to or for one that is there: at the Catalog's
    /// door in the organization of the caller's key.
    pub async fn create_private_registry(
        &self,
        actor: &Actor,
        draft: PrivateRegistryDraft,
    ) -> Result<RegistryView> {
        let (room, by) = (self.clone(), actor.clone());
        let (registry_identity, new) = (draw_identity()?, draw_identity()?);
        self.write(actor, move |tx| {
            let (permit, _) = match by.dialect() {
                Dialect::AppCatalog => tx.own_registry_organization(&by)?,
                _ => owner(tx, &by, &draft.organization)?,
            };
            let organization = permit.id();
            let wanted = checked(tx, draft.clone(), organization)?;
            let credential = match &wanted.opened_with {
                OpenedWith::Access(access) => {
                    room.insert_access(tx, &by, organization, &new, &wanted.url, access)?
                }
                OpenedWith::Credential(reference) => {
                    referred(tx, &by, organization, &wanted.url, reference)?
                }
            };
            let id = tx.insert_registry(&NewRegistry {
                guid: registry_identity.0,
                short_id: registry_identity.1,
                organization_id: organization,
                name: &wanted.name,
                description: &wanted.description,
                url: wanted.url.as_str(),
                provider: &wanted.provider,
                service: None,
                credentials_limit: 0,
                credential: Some(credential),
                containers_organization: wanted.containers_organization.as_deref(),
                charts_organization: wanted.charts_organization.as_deref(),
                by: by.user_id(),
            })?;
            let (_, registry) = tx.registry::<proof::ManageRegistries>(&by, &Ref::Serial(id))?;
            refer(tx, &by, &registry, credential.id)?;
            let mut entry = entry_of(tx, &by, Operation::Create, &registry);
            entry.objects.extend(touched_credential(tx, credential.id)?);
            entry.reason = permit.reason().to_string();
            entry.changes =
                told(&registry).into_iter().map(|(member, value)| made(member, value)).collect();
            match &wanted.opened_with {
                OpenedWith::Access(access) => {
                    entry.changes.push(made("access_key", json!(access.key)));
                    entry.changes.push(made("access_secret", HIDDEN.into()));
                }
                OpenedWith::Credential(_) => {
                    entry.changes.push(made("credential", json!(credential.id)));
                }
            }
            Ok(Audited::new(view(tx, registry)?, entry))
        })
        .await
    }

    /// Changes a private registry. What is left out stays.
    ///
    /// A new key or secret changes the credential: with the right to change the registry when both were made
    /// together, else with *change* on the credential. When the credential is gone, a secret makes a new one.
    /// Another credential to refer to takes *use* on it.
    pub async fn update_private_registry(
        &self,
        actor: &Actor,
        registry: &Ref,
        draft: PrivateRegistryDraft,
    ) -> Result<RegistryView> {
        let (room, by, registry) = (self.clone(), actor.clone(), registry.clone());
        let new = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, old) = tx.registry::<proof::ManageRegistries>(&by, &registry)?;
            check_private(&old)?;
            let draft = draft.clone();
            let mut faults: Vec<Violation> = Vec::new();
            let name = draft.name.take("name", &mut faults);
            let description = draft.description.take("description", &mut faults);
            let key = draft.access_key.take("access_key", &mut faults);
            let secret = draft.access_secret.take("access_secret", &mut faults);
            let reference = draft.credential.take("credential", &mut faults);
            if reference.is_some() && (key.is_some() || secret.is_some()) {
                faults.push(Violation::new("credential", Rule::ExactlyOne { of: OPENED_WITH }));
            }
            let fixed = [
                ("provider", !matches!(draft.provider, Member::Absent)),
                ("url", !matches!(draft.url, Member::Absent)),
            ];
            for (member, _) in fixed.iter().filter(|(_, is_given)| *is_given) {
                faults.push(Violation::new(*member, Rule::Hosted(HostedRule::Fixed)));
            }
            faultless(faults)?;
            let mut changed = Registry {
                name: name.unwrap_or_else(|| old.name.clone()),
                description: description.unwrap_or_else(|| old.description.clone()),
                ..old.clone()
            };
            if changed.name != old.name {
                checked_name(tx, old.organization_id, &changed.name, Some(old.identity.id))?;
            }
            let mut changes = differences(told(&old), told(&changed));
            if key.is_some() || secret.is_some() {
                let access = Access { key, secret };
                changes.extend(told_access(&access));
                changed.credential = Some(room.save_access(tx, &by, &permit, &old, access, &new)?);
            }
            if let Some(reference) = reference {
                changes.extend(refer_to(tx, &by, &old, &mut changed, &reference)?);
            }
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, old)?));
            }
            changed.stamp.modified = tx.now();
            changed.stamp.modified_by = by.user_id();
            tx.save_registry(&permit, &changed)?;
            if changed.name != old.name {
                tx.rename_uses_by(Kind::Registry, permit.id(), &changed.name)?;
            }
            let mut entry = entry_of(tx, &by, Operation::Update, &changed);
            if let Some(credential) = changed.credential {
                entry.objects.extend(touched_credential(tx, credential.id)?);
            }
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, changed)?, entry))
        })
        .await
    }

    /// Removes a private registry. Its record stays, and so does the credential, which the organization owns.
    pub async fn remove_private_registry(&self, actor: &Actor, registry: &Ref) -> Result<()> {
        let (by, registry) = (actor.clone(), registry.clone());
        self.write(actor, move |tx| {
            let (permit, registry) = tx.registry::<proof::ManageRegistries>(&by, &registry)?;
            check_private(&registry)?;
            let mut entry = entry_of(tx, &by, Operation::Delete, &registry);
            super::retire(tx, &by, &permit, &registry)?;
            entry.reason = permit.reason().to_string();
            entry.changes =
                told(&registry).into_iter().map(|(member, value)| gone(member, value)).collect();
            Ok(Audited::new((), entry))
        })
        .await
    }

    /// Makes the credential that a registry refers to. The organization owns it.
    fn insert_access(
        &self,
        tx: &mut WriteTx<'_>,
        actor: &Actor,
        organization: i64,
        new: &(Guid, ShortId),
        url: &RegistryUrl,
        access: &Access,
    ) -> Result<RegistryCredential> {
        let host = url.host();
        let id = self.insert_born(
            tx,
            actor,
            &Born {
                identity: *new,
                name: &format!("{host} (registry) {}", new.1),
                description: "",
                organization_id: Some(organization),
                namespace: NAMESPACE,
                inputs: &access.inputs(host),
            },
        )?;
        Ok(RegistryCredential { id, born_here: true })
    }

    /// The credential with another key or secret, or a new one when it is gone.
    fn save_access(
        &self,
        tx: &mut WriteTx<'_>,
        actor: &Actor,
        permit: &crate::store::Permit<'_, proof::ManageRegistries>,
        registry: &Registry,
        access: Access,
        new: &(Guid, ShortId),
    ) -> Result<RegistryCredential> {
        let url = RegistryUrl::read(&registry.url)
            .map_err(|rule| Error::internal(format!("{rule:?}")))?;
        let present = match registry.credential {
            Some(credential) => tx.credential_if_there(credential.id)?.map(|_| credential),
            None => None,
        };
        let Some(credential) = present else {
            if access.secret.is_none() {
                return Err(Error::invalid("access_secret", Rule::Required));
            }
            let organization = registry.organization_id;
            let made = self.insert_access(tx, actor, organization, new, &url, &access)?;
            refer(tx, actor, registry, made.id)?;
            return Ok(made);
        };
        let (permit, row) = tx.credential_of_registry(actor, permit, registry, credential)?;
        if row.credential.managed || row.credential_type.namespace.as_deref() != Some(NAMESPACE) {
            return Err(Error::Forbidden(Refusal::ManagedCredentialChange));
        }
        let inputs = replaced(&row.credential, access);
        let mut next = self.next_version(tx, actor, &row.credential, &inputs)?;
        next.stamp.modified = tx.now();
        next.stamp.modified_by = actor.user_id();
        tx.save_credential(&permit, &next, true)?;
        tx.hide_placements_of(next.identity.id)?;
        Ok(credential)
    }
}

/// What is wrong with a private registry, looked for anew each time.
pub(super) fn health(tx: &ReadTx<'_>, registry: &Registry) -> Result<Option<Unhealthy>> {
    let Some(credential) = registry.credential else { return Ok(None) };
    match tx.credential_if_there(credential.id)? {
        Some(row) => misfit(tx, &row, registry.organization_id, &registry.url),
        None => Ok(Some(Unhealthy::CredentialGone)),
    }
}

/// Why a registry of an organization with this address cannot be opened with a credential.
fn misfit(
    tx: &ReadTx<'_>,
    row: &CredentialRow,
    organization_id: i64,
    url: &str,
) -> Result<Option<Unhealthy>> {
    let credential = &row.credential;
    if row.credential_type.namespace.as_deref() != Some(NAMESPACE) {
        return Ok(Some(Unhealthy::CredentialOfAnotherType));
    }
    if credential.organization_id != Some(organization_id) {
        return Ok(Some(Unhealthy::CredentialOfAnotherOrganization));
    }
    let is_fetched = || -> Result<bool> {
        let sources = tx.input_sources_of(credential.identity.id)?;
        Ok(sources.iter().any(|source| source.field == "password"))
    };
    if !credential.secrets.contains_key("password") && !is_fetched()? {
        return Ok(Some(Unhealthy::CredentialWithoutPassword));
    }
    let host = credential.inputs.get("host").and_then(serde_json::Value::as_str);
    Ok((!same_host(host.unwrap_or_default(), url)).then_some(Unhealthy::CredentialElsewhere))
}

/// A credential that a registry is to refer to, for whoever may *use* it. One that he may not see is as unknown as one
/// that does not exist.
fn referred(
    tx: &ReadTx<'_>,
    actor: &Actor,
    organization_id: i64,
    url: &RegistryUrl,
    reference: &Ref,
) -> Result<RegistryCredential> {
    let (permit, row) = match tx.credential_for_registry(actor, reference) {
        Err(Error::NotFound(_) | Error::Hidden(_)) => {
            let rule = Rule::UnknownObject { given: reference.to_string() };
            return Err(Error::invalid("credential", rule));
        }
        other => other?,
    };
    match misfit(tx, &row, organization_id, url.as_str())? {
        Some(cause) => {
            Err(Error::invalid("credential", Rule::Hosted(HostedRule::Credential(cause))))
        }
        None => Ok(RegistryCredential { id: permit.id(), born_here: false }),
    }
}

/// Makes a registry refer to another credential, and tells of it; nothing when it is the same.
fn refer_to(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    old: &Registry,
    changed: &mut Registry,
    reference: &Ref,
) -> Result<Option<Change>> {
    let url = RegistryUrl::read(&old.url).map_err(|rule| Error::internal(format!("{rule:?}")))?;
    let new = referred(tx, actor, old.organization_id, &url, reference)?;
    let before = old.credential.map(|credential| credential.id);
    if before == Some(new.id) {
        return Ok(None);
    }
    changed.credential = Some(new);
    tx.delete_uses_by(Kind::Registry, old.identity.id)?;
    refer(tx, actor, changed, new.id)?;
    Ok(Some(Change { member: "credential", old: Some(json!(before)), new: Some(json!(new.id)) }))
}

/// A hosted registry is none that is changed here; one that was removed is gone.
fn check_private(registry: &Registry) -> Result<()> {
    if registry.removed.is_some() {
        return Err(Error::NotFound(Kind::Registry));
    }
    if registry.hosted { Err(Error::forbidden()) } else { Ok(()) }
}

/// With what a registry is opened.
struct Access {
    key: Option<String>,
    secret: Option<SecretString>,
}

impl Access {
    fn inputs(&self, host: &str) -> CheckedInputs {
        let mut plain = Map::from_iter([("host".to_owned(), json!(host))]);
        if let Some(key) = &self.key {
            plain.insert("username".to_owned(), json!(key));
        }
        plain.insert("verify_ssl".to_owned(), json!(true));
        let secret = self.secret.iter().map(|secret| SecretChange::Set(secret.clone()));
        CheckedInputs { plain, secrets: secret.map(|set| ("password".to_owned(), set)).collect() }
    }
}

/// The inputs of a credential with another key, secret or both.
fn replaced(credential: &Credential, access: Access) -> CheckedInputs {
    let mut plain = credential.inputs.clone();
    if let Some(key) = access.key {
        plain.insert("username".to_owned(), json!(key));
    }
    let mut secrets: BTreeMap<String, SecretChange> =
        credential.secrets.keys().map(|field| (field.clone(), SecretChange::Keep)).collect();
    if let Some(secret) = access.secret {
        secrets.insert("password".to_owned(), SecretChange::Set(secret));
    }
    CheckedInputs { plain, secrets }
}

fn told_access(access: &Access) -> Vec<Change> {
    let hidden = || Some(HIDDEN.into());
    let key = access.key.as_ref().map(|key| made("access_key", json!(key)));
    let secret = access.secret.as_ref().map(|_| Change {
        member: "access_secret",
        old: hidden(),
        new: hidden(),
    });
    key.into_iter().chain(secret).collect()
}

/// What a private registry is to be opened with.
enum OpenedWith {
    /// With a credential that is made with it.
    Access(Access),
    /// With a credential that is there.
    Credential(Ref),
}

/// A private registry to be made whose every rule is kept.
struct Wanted {
    name: String,
    description: String,
    provider: String,
    url: RegistryUrl,
    opened_with: OpenedWith,
    containers_organization: Option<String>,
    charts_organization: Option<String>,
}

fn checked(tx: &ReadTx<'_>, draft: PrivateRegistryDraft, organization: i64) -> Result<Wanted> {
    let mut faults: Vec<Violation> = Vec::new();
    let name = draft.name.require("name", &mut faults);
    let description = draft.description.require("description", &mut faults);
    let known = |word: &String| {
        (!PROVIDERS.contains(&word.as_str())).then(|| Rule::NotAChoice { given: word.clone() })
    };
    let provider = draft.provider.check(known).require("provider", &mut faults);
    let url = draft.url.require("url", &mut faults).and_then(|text| {
        RegistryUrl::read(&text)
            .map_err(|rule| faults.push(Violation::new("url", Rule::Hosted(rule))))
            .ok()
    });
    let opened_with =
        opened_with(draft.credential, draft.access_key, draft.access_secret, &mut faults);
    let containers_organization =
        draft.containers_organization.take("containers_organization", &mut faults);
    let charts_organization = draft.charts_organization.take("charts_organization", &mut faults);
    faultless(faults)?;
    let (Some(name), Some(description), Some(provider), Some(url)) =
        (name, description, provider, url)
    else {
        return Err(Error::internal("a fault was not noticed"));
    };
    checked_name(tx, organization, &name, None)?;
    Ok(Wanted {
        name,
        description,
        provider,
        url,
        opened_with,
        containers_organization,
        charts_organization,
    })
}

fn opened_with(
    credential: Member<Ref>,
    key: Member<String>,
    secret: Member<SecretString>,
    faults: &mut Vec<Violation>,
) -> OpenedWith {
    let key = key.take("access_key", faults);
    let is_named = !matches!(credential, Member::Absent);
    let reference = credential.take("credential", faults);
    let secret = match is_named {
        true => secret.take("access_secret", faults),
        false => secret.require("access_secret", faults),
    };
    let Some(reference) = reference else {
        return OpenedWith::Access(Access { key, secret });
    };
    if key.is_some() || secret.is_some() {
        faults.push(Violation::new("credential", Rule::ExactlyOne { of: OPENED_WITH }));
    }
    OpenedWith::Credential(reference)
}

/// Writes that a registry uses a credential.
fn refer(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    registry: &Registry,
    credential_id: i64,
) -> Result<()> {
    tx.insert_own_use(&OwnUse {
        credential_id,
        consumer: Dialect::AppCatalog,
        object: (Kind::Registry, registry.identity.id),
        name: &registry.name,
        by: actor.user_id(),
    })
}

fn touched_credential(tx: &ReadTx<'_>, id: i64) -> Result<Option<strongroom_core::audit::Touched>> {
    Ok(tx.credential_if_there(id)?.map(|row| strongroom_core::audit::Touched {
        kind: Kind::Credential,
        id,
        name: row.credential.name,
    }))
}

/// What a private registry is opened with: one of the two.
const OPENED_WITH: &[&str] = &["credential", "access_secret"];
/// The type of the credentials that private registries refer to.
const NAMESPACE: &str = "registry";

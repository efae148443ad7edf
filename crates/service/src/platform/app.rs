//! Apps: leaves of a space that own registry credentials. Nothing runs here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::platform::{MetadataPatch, PlatformRule};
use strongroom_core::record::{App, Organization, Space};
use strongroom_core::{Error, Result};

use super::job::JobStarted;
use super::page::page;
use super::query::PlatformQuery;
use super::{patched, platform_rule, space, within_reach};
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::placement::{self, Removed};
use crate::store::{Audited, NewApp, ReadTx, WriteTx, proof};
use crate::view::Page;
use crate::{Strongroom, draw_identity};

/// What a request asks of an app.
#[derive(Debug, Clone, Default)]
pub struct PlatformAppDraft {
    /// Unique in the space after folding.
    pub name: Member<String>,
    /// The space; only when it is made.
    pub space: Member<Guid>,
    /// What the platform would run it as, kept and given back.
    pub lifecycle: Member<Map<String, Value>>,
    /// Labels and annotations.
    pub metadata: Member<MetadataPatch>,
    /// What else is wrong with the request.
    pub faults: Vec<Violation>,
}

/// An app with its space and organization.
#[derive(Debug, Clone, PartialEq)]
pub struct AppView {
    /// The app.
    pub app: App,
    /// The space.
    pub space: Space,
    /// The organization.
    pub organization: Organization,
}

impl AppView {
    /// What the platform would run it as.
    pub fn lifecycle(&self) -> Value {
        self.app.details.get(LIFECYCLE).cloned().unwrap_or_else(usual_lifecycle)
    }
}

impl Strongroom {
    /// A page of the apps that the caller may read.
    pub async fn list_apps(&self, actor: &Actor, query: PlatformQuery) -> Result<Page<AppView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let load = |ids: &[i64]| Ok(in_order(ids, tx.apps_by_id(ids)?, |row| row.identity.id));
            let found = page(tx, &actor, Kind::App, &query, load, |row: &App| passes(&query, row))?;
            Ok(Page { items: views(tx, found.items)?, total: found.total })
        })
        .await
    }

    /// One app.
    pub async fn read_app(&self, actor: &Actor, reference: &Ref) -> Result<AppView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| view(tx, tx.app::<proof::Read>(&actor, &reference)?.1)).await
    }

    /// Makes an app in a space where the caller develops.
    pub async fn create_app(&self, actor: &Actor, draft: PlatformAppDraft) -> Result<AppView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let draft = draft.clone();
            let mut faults = draft.faults;
            let name = draft.name.require("name", &mut faults).unwrap_or_default();
            let space = draft.space.take("relationships", &mut faults);
            let lifecycle = draft.lifecycle.take("lifecycle", &mut faults).map(Value::from);
            let metadata = patched(draft.metadata, &Map::new(), &mut faults);
            faultless(faults)?;
            let space = space.ok_or_else(|| Error::invalid("relationships", Rule::Required))?;
            let reference = Ref::Guid(space);
            within_reach("space", tx.space::<proof::Read>(&by, &reference))?;
            let (permit, space) = tx.space::<proof::ManageApps>(&by, &reference)?;
            tx.check_space_open(&by, &space)?;
            let space_id = permit.id();
            if tx.app_id_by_name(space_id, &name)?.is_some() {
                return Err(platform_rule("name", PlatformRule::Taken { kind: Kind::App, name }));
            }
            let lifecycle = lifecycle.unwrap_or_else(usual_lifecycle);
            let id = tx.insert_app(&NewApp {
                guid,
                short_id,
                space_id,
                name: &name,
                details: &Map::from_iter([(LIFECYCLE.to_owned(), lifecycle)]),
                metadata: &metadata,
                by: by.user_id(),
            })?;
            let app = tx.apps_by_id(&[id])?.into_iter().next();
            let app = app.ok_or_else(|| Error::internal("an app was expected"))?;
            let mut entry = entry(tx, &by, Operation::Create, &app)?;
            entry.reason = permit.reason().to_string();
            entry.changes =
                members(&app).into_iter().map(|(member, value)| made(member, value)).collect();
            Ok(Audited::new(view(tx, app)?, entry))
        })
        .await
    }

    /// Changes name, lifecycle or metadata of an app.
    pub async fn update_app(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: PlatformAppDraft,
    ) -> Result<AppView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.app::<proof::ManageApps>(&by, &reference)?;
            check_open(tx, &by, &old)?;
            let draft = draft.clone();
            let mut faults = draft.faults;
            let mut new = old.clone();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            if let Some(lifecycle) = draft.lifecycle.take("lifecycle", &mut faults) {
                new.details.insert(LIFECYCLE.to_owned(), lifecycle.into());
            }
            new.metadata = patched(draft.metadata, &old.metadata, &mut faults);
            faultless(faults)?;
            let taken = tx.app_id_by_name(old.space_id, &new.name)?;
            if taken.is_some_and(|id| id != permit.id()) {
                let rule = PlatformRule::Taken { kind: Kind::App, name: new.name };
                return Err(platform_rule("name", rule));
            }
            let changes = differences(members(&old), members(&new));
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, old)?));
            }
            new.modified = tx.now();
            tx.save_app(&permit, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new)?;
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, new)?, entry))
        })
        .await
    }

    /// Deletes an app with all that is placed in it; tells the job that says so.
    pub async fn delete_app(&self, actor: &Actor, reference: &Ref) -> Result<JobStarted> {
        let (by, reference) = (actor.clone(), reference.clone());
        let (job, _) = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, app) = tx.app::<proof::ManageApps>(&by, &reference)?;
            check_open(tx, &by, &app)?;
            tx.delete_uses_by(Kind::App, app.identity.id)?;
            let Removed { mut entries, uses } = remove(tx, &by, &app)?;
            if let Some(first) = entries.first_mut() {
                first.reason = permit.reason().to_string();
            }
            tx.insert_job(&job, "app.delete", by.user_id(), &uses)?;
            Ok(Audited::with_all(JobStarted { guid: job, uses }, entries))
        })
        .await
    }
}

/// Removes an app, whoever decided so; the entry of its own comes first. What apps that go with it used is to be
/// forgotten before, so that they hold nothing back.
pub(super) fn remove(tx: &mut WriteTx<'_>, actor: &Actor, app: &App) -> Result<Removed> {
    let mut first = entry(tx, actor, Operation::Delete, app)?;
    first.changes = members(app).into_iter().map(|(member, value)| gone(member, value)).collect();
    let mut removed = Removed { entries: vec![first], uses: Vec::new() };
    removed.add(placement::remove_all_in(tx, actor, Kind::App, app.identity.id)?);
    tx.bury_app(app, actor.user_id())?;
    Ok(removed)
}

pub(super) fn check_open(tx: &ReadTx<'_>, actor: &Actor, app: &App) -> Result<()> {
    for space in tx.spaces_by_id(&[app.space_id])? {
        tx.check_space_open(actor, &space)?;
    }
    Ok(())
}

/// Whether an app has what the query looks for in documents.
fn passes(query: &PlatformQuery, app: &App) -> bool {
    let lifecycle = app.details.get(LIFECYCLE);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = text(lifecycle.and_then(|lifecycle| lifecycle.get("type")));
    let stack = text(lifecycle.and_then(|lifecycle| lifecycle.pointer("/data/stack")));
    query.labels.matches(&app.metadata)
        && query.lifecycles.as_ref().is_none_or(|wanted| wanted.contains(&kind))
        && query.stacks.as_ref().is_none_or(|wanted| wanted.contains(&stack))
}

fn usual_lifecycle() -> Value {
    json!({"type": "buildpack", "data": {"buildpacks": [], "stack": null}})
}

pub(super) fn view(tx: &ReadTx<'_>, app: App) -> Result<AppView> {
    let views = views(tx, vec![app])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn views(tx: &ReadTx<'_>, apps: Vec<App>) -> Result<Vec<AppView>> {
    let mut ids: Vec<i64> = apps.iter().map(|app| app.space_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let spaces = space::views(tx, tx.spaces_by_id(&ids)?)?;
    let known: BTreeMap<i64, space::SpaceView> =
        spaces.into_iter().map(|view| (view.space.identity.id, view)).collect();
    let view = |app: App| {
        let place = known.get(&app.space_id).cloned();
        let place = place.ok_or_else(|| Error::internal("an app without space"))?;
        Ok(AppView { app, space: place.space, organization: place.organization })
    };
    apps.into_iter().map(view).collect()
}

pub(super) fn entry(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    app: &App,
) -> Result<Entry> {
    let object = Touched { kind: Kind::App, id: app.identity.id, name: app.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(tx.space_organization(app.space_id)?);
    Ok(entry)
}

pub(super) fn members(app: &App) -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!(app.name)),
        ("space", json!(app.space_id)),
        ("state", json!(if app.is_started { "STARTED" } else { "STOPPED" })),
        ("details", Value::from(Value::from(app.details.clone()).to_string())),
        ("metadata", Value::from(Value::from(app.metadata.clone()).to_string())),
    ]
}

/// The member of an app's details that holds its lifecycle.
const LIFECYCLE: &str = "lifecycle";

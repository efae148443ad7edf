//! Packages: the images that apps are to run. A password that comes with one is sealed, and moves into the app's own
//! registry credential at the app's next start.

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::platform::MetadataPatch;
use strongroom_core::record::{App, Package};
use strongroom_core::registry::Image;
use strongroom_core::{Error, Result};
use strongroom_seal::envelope::{SealContext, Sealed};

use super::job::JobStarted;
use super::page::page;
use super::query::PlatformQuery;
use super::{app, patched, within_reach};
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{HIDDEN, differences, gone, made};
use crate::store::{Audited, NewPackage, ReadTx, proof};
use crate::view::Page;
use crate::{Strongroom, draw_identity};

/// What a request asks of a package.
#[derive(Debug, Clone, Default)]
pub struct PackageDraft {
    /// The app; only when it is made.
    pub app: Member<Guid>,
    /// The image; only when it is made.
    pub image: Member<Image>,
    /// The user name at the image's registry; only when it is made.
    pub username: Member<String>,
    /// The password at the image's registry; only when it is made.
    pub password: Member<SecretString>,
    /// Labels and annotations.
    pub metadata: Member<MetadataPatch>,
    /// What else is wrong with the request.
    pub faults: Vec<Violation>,
}

/// A package with its app.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageView {
    /// The package.
    pub package: Package,
    /// The app.
    pub app: Guid,
}

impl Strongroom {
    /// A page of the packages that the caller may read; with an app, of its packages.
    pub async fn list_packages(
        &self,
        actor: &Actor,
        of: Option<Ref>,
        mut query: PlatformQuery,
    ) -> Result<Page<PackageView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            if let Some(reference) = &of {
                let (_, app) = tx.app::<proof::Read>(&actor, reference)?;
                let only = super::query::PlatformFilter::Related(
                    super::query::Related::App,
                    vec![app.identity.guid],
                );
                query.filters.push(only);
            }
            let load =
                |ids: &[i64]| Ok(in_order(ids, tx.packages_by_id(ids)?, |row| row.identity.id));
            let keep = |row: &Package| query.labels.matches(&row.metadata);
            let found = page(tx, &actor, Kind::Package, &query, load, keep)?;
            Ok(Page { items: views(tx, found.items)?, total: found.total })
        })
        .await
    }

    /// One package.
    pub async fn read_package(&self, actor: &Actor, reference: &Ref) -> Result<PackageView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| view(tx, tx.package::<proof::Read>(&actor, &reference)?.1)).await
    }

    /// Makes a package of an app in a space where the caller develops.
    pub async fn create_package(&self, actor: &Actor, draft: PackageDraft) -> Result<PackageView> {
        let (room, by) = (self.clone(), actor.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let draft = draft.clone();
            let mut faults = draft.faults;
            let image = draft.image.require("image", &mut faults);
            let username = draft.username.take("username", &mut faults);
            let password = draft.password.take("password", &mut faults);
            // One is of no use without the other.
            match (&username, &password) {
                (Some(_), None) if faults.is_empty() => {
                    faults.push(Violation::new("password", Rule::Required));
                }
                (None, Some(_)) if faults.is_empty() => {
                    faults.push(Violation::new("username", Rule::Required));
                }
                _ => {}
            }
            let metadata = patched(draft.metadata, &Map::new(), &mut faults);
            let app = draft.app.take("relationships", &mut faults);
            faultless(faults)?;
            let (Some(image), Some(app)) = (image, app) else {
                return Err(Error::internal("a fault was not noticed"));
            };
            let reference = Ref::Guid(app);
            within_reach("app", tx.app::<proof::Read>(&by, &reference))?;
            let (permit, app) = tx.app::<proof::ManageApps>(&by, &reference)?;
            app::check_open(tx, &by, &app)?;
            let sealed =
                password.map(|text| room.seal_package_password(&guid, &text)).transpose()?;
            let id = tx.insert_package(&NewPackage {
                guid,
                short_id,
                app_id: app.identity.id,
                image: image.as_str(),
                username: username.as_deref(),
                sealed_password: sealed.as_deref(),
                metadata: &metadata,
                by: by.user_id(),
            })?;
            let package = tx.packages_by_id(&[id])?.into_iter().next().ok_or_else(lost)?;
            let mut entry = entry(tx, &by, Operation::Create, &package, &app)?;
            entry.reason = permit.reason().to_string();
            let told = members(&package);
            entry.changes = told.into_iter().map(|(member, value)| made(member, value)).collect();
            if sealed.is_some() {
                entry.changes.push(made("password", HIDDEN.into()));
            }
            Ok(Audited::new(view(tx, package)?, entry))
        })
        .await
    }

    /// Changes the labels and annotations of a package; the rest of it stays as it was made.
    pub async fn update_package(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: PackageDraft,
    ) -> Result<PackageView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.package::<proof::ManageApps>(&by, &reference)?;
            let app = app_of(tx, &old)?;
            app::check_open(tx, &by, &app)?;
            let draft = draft.clone();
            let mut faults = draft.faults;
            let metadata = patched(draft.metadata, &old.metadata, &mut faults);
            faultless(faults)?;
            let new = Package { metadata, modified: tx.now(), ..old.clone() };
            let changes = differences(members(&old), members(&new));
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, old)?));
            }
            tx.save_package(&permit, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new, &app)?;
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, new)?, entry))
        })
        .await
    }

    /// Deletes a package; tells the job that says so. The credential that came of it stays with the app.
    pub async fn delete_package(&self, actor: &Actor, reference: &Ref) -> Result<JobStarted> {
        let (by, reference) = (actor.clone(), reference.clone());
        let (job, _) = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, package) = tx.package::<proof::ManageApps>(&by, &reference)?;
            let app = app_of(tx, &package)?;
            app::check_open(tx, &by, &app)?;
            let mut entry = entry(tx, &by, Operation::Delete, &package, &app)?;
            entry.reason = permit.reason().to_string();
            let told = members(&package);
            entry.changes = told.into_iter().map(|(member, value)| gone(member, value)).collect();
            tx.delete_package(&permit)?;
            tx.insert_job(&job, "package.delete", by.user_id(), &[])?;
            Ok(Audited::new(JobStarted { guid: job, uses: Vec::new() }, entry))
        })
        .await
    }

    fn seal_package_password(&self, guid: &Guid, text: &SecretString) -> Result<Vec<u8>> {
        let sealed = self.0.keyring.seal_text(&context(guid), text).map_err(Error::internal)?;
        Ok(sealed.into_bytes())
    }

    /// Opens the password that came with a package, to be sealed again as the app's own.
    pub(super) fn open_package_password(
        &self,
        guid: &Guid,
        sealed: Vec<u8>,
    ) -> Result<SecretString> {
        let sealed = Sealed::from_bytes(sealed).map_err(Error::internal)?;
        self.0.keyring.open_text(&context(guid), &sealed).map_err(Error::internal)
    }
}

/// What the sealed password of a package is bound to.
fn context(guid: &Guid) -> SealContext<'_> {
    SealContext { kind: Kind::Package.word(), guid: guid.as_bytes(), field: "password", version: 1 }
}

fn app_of(tx: &ReadTx<'_>, package: &Package) -> Result<App> {
    tx.apps_by_id(&[package.app_id])?.into_iter().next().ok_or_else(lost)
}

fn view(tx: &ReadTx<'_>, package: Package) -> Result<PackageView> {
    views(tx, vec![package])?.into_iter().next().ok_or_else(lost)
}

fn views(tx: &ReadTx<'_>, packages: Vec<Package>) -> Result<Vec<PackageView>> {
    let mut ids: Vec<i64> = packages.iter().map(|package| package.app_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let apps = tx.apps_by_id(&ids)?;
    let view = |package: Package| {
        let app = apps.iter().find(|app| app.identity.id == package.app_id).ok_or_else(lost)?;
        Ok(PackageView { app: app.identity.guid, package })
    };
    packages.into_iter().map(view).collect()
}

fn entry(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    package: &Package,
    app: &App,
) -> Result<Entry> {
    let object =
        Touched { kind: Kind::Package, id: package.identity.id, name: package.image.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    let (id, name) = (app.identity.id, app.name.clone());
    entry.objects.push(Touched { kind: Kind::App, id, name });
    entry.organization_id = Some(tx.space_organization(app.space_id)?);
    Ok(entry)
}

fn members(package: &Package) -> Vec<(&'static str, Value)> {
    vec![
        ("image", json!(package.image)),
        ("username", json!(package.username)),
        ("metadata", Value::from(Value::from(package.metadata.clone()).to_string())),
    ]
}

fn lost() -> Error {
    Error::internal("a package without its app")
}

//! Starting and stopping apps. Nothing runs here; what a start does is to say which credential the app uses from now
//! on, and to make those that came with its package the app's own.

use serde_json::Map;
use strongroom_core::access::Dialect;
use strongroom_core::audit::{Entry, Operation};
use strongroom_core::error::FieldPath;
use strongroom_core::id::{Guid, Kind, Ref, ShortId};
use strongroom_core::platform::PlatformRule;
use strongroom_core::record::{App, Package, PlacementScope};
use strongroom_core::registry::Image;
use strongroom_core::{Error, Result};

use super::app::{self, AppView};
use super::registry_credential::Wanted;
use super::resolve;
use crate::actor::Actor;
use crate::audit::differences;
use crate::placement::entry_of;
use crate::store::{Audited, OwnUse, ReadTx, WriteTx, proof};
use crate::{Strongroom, draw_identity};

impl Strongroom {
    /// Starts an app with its latest package. A user name and password that came with the package become the app's
    /// registry credential at the location of the image, or replace what it has there.
    ///
    /// The rule `NothingToStart` when it has no package.
    pub async fn start_app(&self, actor: &Actor, reference: &Ref) -> Result<AppView> {
        let (room, by, reference) = (self.clone(), actor.clone(), reference.clone());
        let identity = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, old) = tx.app::<proof::ManageApps>(&by, &reference)?;
            app::check_open(tx, &by, &old)?;
            let nothing = || {
                let rule = strongroom_core::error::Rule::Platform(PlatformRule::NothingToStart);
                Error::invalid(FieldPath::Whole, rule)
            };
            let package = tx.latest_package_of(old.identity.id)?.ok_or_else(nothing)?;
            let image: Image =
                package.image.parse().map_err(|_| Error::internal("an image cannot be read"))?;
            let mut entries: Vec<Entry> =
                room.keep_for_app(tx, &by, &old, (&package, &image), identity)?;
            note_use(tx, &by, &old, &image)?;
            let new = App { is_started: true, modified: tx.now(), ..old.clone() };
            let changes = differences(app::members(&old), app::members(&new));
            if changes.is_empty() {
                return Ok(Audited::with_all(app::view(tx, old)?, entries));
            }
            tx.save_app(&permit, &new)?;
            let mut entry = app::entry(tx, &by, Operation::Update, &new)?;
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            entries.insert(0, entry);
            Ok(Audited::with_all(app::view(tx, new)?, entries))
        })
        .await
    }

    /// Stops an app, which uses no credential from then on.
    pub async fn stop_app(&self, actor: &Actor, reference: &Ref) -> Result<AppView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.app::<proof::ManageApps>(&by, &reference)?;
            app::check_open(tx, &by, &old)?;
            if !old.is_started {
                return Ok(Audited::unchanged(app::view(tx, old)?));
            }
            tx.delete_uses_by(Kind::App, old.identity.id)?;
            let new = App { is_started: false, modified: tx.now(), ..old.clone() };
            tx.save_app(&permit, &new)?;
            let mut entry = app::entry(tx, &by, Operation::Update, &new)?;
            entry.reason = permit.reason().to_string();
            entry.changes = differences(app::members(&old), app::members(&new));
            Ok(Audited::new(app::view(tx, new)?, entry))
        })
        .await
    }

    /// Makes what came with a package the app's own, once: what is changed there later is not set back by another
    /// start.
    fn keep_for_app(
        &self,
        tx: &mut WriteTx<'_>,
        by: &Actor,
        app: &App,
        (package, image): (&Package, &Image),
        identity: (Guid, ShortId),
    ) -> Result<Vec<Entry>> {
        let sealed = tx.sealed_package_password(package.identity.id)?;
        let (Some(sealed), Some(username)) = (sealed, package.username.clone()) else {
            return Ok(Vec::new());
        };
        let Some(location) = image.location() else { return Ok(Vec::new()) };
        let password = self.open_package_password(&package.identity.guid, sealed)?;
        tx.wipe_package_password(package.identity.id)?;
        let scope = PlacementScope::App(app.identity.id);
        let reason = format!("the app was started with package {}", package.identity.guid);
        let Some(old) = tx.placement_at(&scope, location.as_str())? else {
            let metadata = Map::new();
            let wanted = Wanted { location, username, password, owner: None, metadata };
            let (_, mut entry) = self.insert_placed(tx, by, identity, scope, &wanted)?;
            entry.reason = reason;
            return Ok(vec![entry]);
        };
        let on = Ref::Guid(old.identity.guid);
        let (permit, old) = tx.placement::<proof::Change>(by, &on)?;
        let replaced = (Some(username), Some(password));
        let (credential, changes) = self.change_placed(tx, by, &permit, &old, replaced)?;
        let mut new = old.clone();
        new.stamp.modified = tx.now();
        new.stamp.modified_by = by.user_id();
        tx.save_placement(&permit, &new)?;
        let mut entry = entry_of(tx, by, Operation::Update, &new, &credential)?;
        entry.reason = reason;
        entry.changes = changes;
        Ok(vec![entry])
    }
}

/// Notes which credential the app uses, if any does.
fn note_use(tx: &mut WriteTx<'_>, by: &Actor, app: &App, image: &Image) -> Result<()> {
    tx.delete_uses_by(Kind::App, app.identity.id)?;
    let scopes = scopes_of(tx, app)?;
    if let Some(placement) = resolve::winner(tx, image, &scopes)? {
        tx.insert_own_use(&OwnUse {
            credential_id: placement.credential_id,
            consumer: Dialect::CloudFoundry,
            object: (Kind::App, app.identity.id),
            name: &app.name,
            by: by.user_id(),
        })?;
        tx.note_placement_of_uses((Kind::App, app.identity.id), placement.identity.id)?;
    }
    Ok(())
}

fn scopes_of(tx: &ReadTx<'_>, app: &App) -> Result<Vec<PlacementScope>> {
    Ok(vec![
        PlacementScope::App(app.identity.id),
        PlacementScope::Space(app.space_id),
        PlacementScope::Organization(tx.space_organization(app.space_id)?),
        PlacementScope::Foundation,
    ])
}

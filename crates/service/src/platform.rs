//! Cloud Foundry: its organizations, spaces, apps, packages, roles and users, and the registry credentials placed in
//! them.
//!
//! An organization is the room's organization; spaces and apps are the platform's own. A registry credential is
//! a *Container Registry* credential with a placement, whose roles decide who may do what with it.

mod app;
mod job;
mod organization;
mod package;
mod page;
pub mod query;
mod registry_credential;
mod resolve;
mod role;
mod space;
mod start;
mod user;

pub use app::{AppView, PlatformAppDraft};
pub use job::{JobStarted, JobView};
pub use organization::PlatformOrganizationDraft;
pub use package::{PackageDraft, PackageView};
pub use registry_credential::{
    PlacedIn, PlatformOwner, RegistryCredentialDraft, RegistryCredentialView,
};
pub use resolve::{Considered, Resolution, ResolveDraft};
pub use role::{PLATFORM_ROLES, PlatformRoleDraft, PlatformRoleOn, PlatformRoleView, PlatformUser};
pub use space::{PlatformSpaceDraft, SpaceView};

pub(crate) use space::remove as remove_space;

use serde_json::{Map, Value};
use strongroom_core::draft::Member;
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::Kind;
use strongroom_core::platform::{MetadataPatch, PlatformRule};
use strongroom_core::{Error, Result};

/// An object that a relationship names but that is not there for the caller is a fault of the request.
fn within_reach<T>(member: &'static str, found: Result<T>) -> Result<T> {
    found.map_err(|error| match error {
        Error::NotFound(kind) | Error::Hidden(kind) => out_of_reach(member, kind),
        other => other,
    })
}

fn out_of_reach(member: &'static str, kind: Kind) -> Error {
    Error::invalid(member, Rule::Platform(PlatformRule::OutOfReach { kind }))
}

fn platform_rule(member: &'static str, rule: PlatformRule) -> Error {
    Error::invalid(member, Rule::Platform(rule))
}

/// The metadata after the patch of a draft; what is wrong with it is added to the faults.
fn patched(
    metadata: Member<MetadataPatch>,
    old: &Map<String, Value>,
    faults: &mut Vec<Violation>,
) -> Map<String, Value> {
    let patch = metadata.take("metadata", faults).unwrap_or_default();
    match patch.applied_to(old) {
        Ok(metadata) => metadata,
        Err(rule) => {
            faults.push(Violation::new("metadata", Rule::Platform(rule)));
            Map::new()
        }
    }
}

//! Placements.

use serde::Serialize;
use strongroom_core::record::{self, PlacementScope};

use super::{Ids, time};

/// Where a credential appears in a dialect. Of the objects it can belong to, those that apply are named.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Placement {
    #[serde(flatten)]
    ids: Ids,
    credential: i64,
    dialect: &'static str,
    scope: &'static str,
    organization: Option<i64>,
    team: Option<i64>,
    space: Option<i64>,
    app: Option<i64>,
    registry: Option<i64>,
    born_here: bool,
    name: String,
    location: Option<String>,
    created: String,
    created_by: Option<i64>,
    modified: String,
    removed: Option<String>,
}

impl From<record::Placement> for Placement {
    fn from(placement: record::Placement) -> Self {
        let (mut organization, mut team, mut space, mut app, mut registry) =
            (None, None, None, None, None);
        match placement.scope {
            PlacementScope::Foundation => {}
            PlacementScope::Organization(id) | PlacementScope::Account(id) => {
                organization = Some(id);
            }
            PlacementScope::Space(id) => space = Some(id),
            PlacementScope::App(id) => app = Some(id),
            PlacementScope::AccountTeam { organization: of, team: id } => {
                (organization, team) = (Some(of), Some(id));
            }
            PlacementScope::Registry { organization: of, registry: id } => {
                (organization, registry) = (Some(of), Some(id));
            }
        }
        Self {
            ids: placement.identity.into(),
            credential: placement.credential_id,
            dialect: placement.dialect.word(),
            scope: placement.scope.word(),
            organization,
            team,
            space,
            app,
            registry,
            born_here: placement.born_here,
            name: placement.name,
            location: placement.location,
            created: time(placement.stamp.created),
            created_by: placement.stamp.created_by,
            modified: time(placement.stamp.modified),
            removed: placement.removed.map(|(at, _)| time(at)),
        }
    }
}

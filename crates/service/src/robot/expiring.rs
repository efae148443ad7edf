//! Robots that end soon and that nothing takes the place of: listed, counted in the metrics, told once in the audit
//! log.

use std::sync::{Mutex, PoisonError};

use strongroom_core::Result;
use strongroom_core::audit::Operation;
use strongroom_core::clock::Timestamp;
use strongroom_core::record::Registry;
use strongroom_core::robot::{DAY_SECONDS, WARNING_DAYS};

use super::{RobotView, entry_of, views};
use crate::Strongroom;
use crate::actor::Actor;
use crate::registry::organizations;
use crate::store::{Audited, RobotRow, WriteTx};

/// A robot with the registry that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct EndingRobot {
    /// The registry.
    pub registry: Registry,
    /// The robot.
    pub robot: RobotView,
}

/// When to look for robots that end soon.
#[derive(Default)]
pub(crate) struct Watch(Mutex<Option<Timestamp>>);

impl Watch {
    /// Whether it is time; then it is not again for a minute.
    fn is_time(&self, now: Timestamp) -> bool {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_some_and(|next| now < next) {
            return false;
        }
        *next = Some(now.plus_seconds(60));
        true
    }
}

impl Strongroom {
    /// Robots that end within so many days and have no successor, in the order they were minted, of all registries
    /// that the caller may read: at most `limit` after an id of a placement.
    pub async fn list_ending_robots(
        &self,
        actor: &Actor,
        days: i64,
        (limit, after): (i64, i64),
    ) -> Result<Vec<EndingRobot>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let organizations = organizations(tx, &actor)?;
            let until = tx.now().plus_seconds(days.saturating_mul(DAY_SECONDS));
            let rows = tx.ending_robots(until, organizations.as_deref(), (limit, after))?;
            let (registries, robots): (Vec<Registry>, Vec<RobotRow>) = rows.into_iter().unzip();
            let robots = views(tx, robots)?;
            let pairs = registries.into_iter().zip(robots);
            Ok(pairs.map(|(registry, robot)| EndingRobot { registry, robot }).collect())
        })
        .await
    }

    /// Tells of robots that end soon, once each, and counts them.
    pub(crate) async fn watch_robots(&self) -> Result<()> {
        let now = self.now();
        if !self.0.robot_watch.is_time(now) {
            return Ok(());
        }
        let until = now.plus_seconds(WARNING_DAYS * DAY_SECONDS);
        let found = self.read(move |tx| tx.count_ending_robots(until)).await?;
        let shown = |count: i64| u32::try_from(count).map_or(f64::MAX, f64::from);
        metrics::gauge!("strongroom_robots_ending").set(shown(found.all));
        if let Some(ends) = self.registry_signer_end() {
            let left = (ends.as_micros() - now.as_micros()) / 1_000_000;
            metrics::gauge!("strongroom_registry_signer_seconds_left").set(shown(left.max(0)));
        }
        if let Some(ends) = self.registry_authority_end().await? {
            let left = (ends.as_micros() - now.as_micros()) / 1_000_000;
            metrics::gauge!("strongroom_registry_authority_seconds_left").set(shown(left.max(0)));
        }
        if found.untold == 0 {
            return Ok(());
        }
        let by = self.on_host();
        let change = move |tx: &mut WriteTx<'_>| {
            let mut entries = Vec::new();
            for (registry, robot) in tx.untold_ending_robots(until, AT_ONCE)? {
                tx.note_warning(&robot)?;
                let mut entry = entry_of(tx, &by, Operation::Update, &registry, &robot);
                entry.reason = format!("ends within {WARNING_DAYS} days and has no successor");
                tracing::warn!(robot = %robot.name, registry = %registry.name, "a robot ends soon and has no successor");
                entries.push(entry);
            }
            Ok(Audited::with_all((), entries))
        };
        self.0.store.write(change).await.outcome
    }
}

/// The most robots that are told of in one change.
const AT_ONCE: i64 = 100;

impl EndingRobot {
    /// The id after which the next part of the list begins.
    pub const fn cursor(&self) -> i64 {
        self.robot.placement_id
    }
}

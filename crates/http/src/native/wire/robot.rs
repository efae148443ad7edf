//! Robots.

use serde::Serialize;
use strongroom_core::robot::Status;
use strongroom_service::{EndingRobot, RobotView};

use super::time;
use crate::robot_access::Shown;

/// A robot, never with its password.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Robot {
    id: i64,
    guid: String,
    name: String,
    description: String,
    access: Vec<Shown>,
    status: &'static str,
    expires_at: String,
    /// When it last logged in, to the minute.
    last_used: Option<String>,
    created: String,
    created_by: Option<String>,
    rotated: Option<String>,
    /// Whether it still logged in after it was rotated.
    used_since_rotation: Option<bool>,
    successor: Option<String>,
    predecessor: Option<String>,
    removed: Option<String>,
    removed_by: Option<String>,
}

/// A new robot with its password, which is never shown again.
#[derive(Serialize)]
pub(in crate::native) struct NewRobot<'a> {
    #[serde(flatten)]
    pub(in crate::native) shown: Robot,
    /// The user name, the same as the robot's name.
    pub(in crate::native) username: &'a str,
    /// The password.
    pub(in crate::native) password: &'a str,
}

/// A robot that ends soon, with its registry.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Ending {
    registry: i64,
    registry_name: String,
    #[serde(flatten)]
    robot: Robot,
}

impl From<RobotView> for Robot {
    fn from(view: RobotView) -> Self {
        let since = |rotated| view.last_used.is_some_and(|used| rotated < used);
        Self {
            used_since_rotation: view.rotated.map(since),
            id: view.placement_id,
            guid: view.guid.to_string(),
            name: view.name,
            description: view.description,
            access: view.access.into_iter().map(Shown::from).collect(),
            status: match view.status {
                Status::Active => "active",
                Status::Expired => "expired",
                Status::Removed => "removed",
            },
            expires_at: time(view.expires),
            last_used: view.last_used.map(time),
            created: time(view.created),
            created_by: view.created_by,
            rotated: view.rotated.map(time),
            successor: view.successor.map(|guid| guid.to_string()),
            predecessor: view.predecessor.map(|guid| guid.to_string()),
            removed: view.removed.map(time),
            removed_by: view.removed_by,
        }
    }
}

impl From<EndingRobot> for Ending {
    fn from(ending: EndingRobot) -> Self {
        Self {
            registry: ending.registry.identity.id,
            registry_name: ending.registry.name,
            robot: ending.robot.into(),
        }
    }
}

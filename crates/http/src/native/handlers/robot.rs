//! Robots of hosted registries: minted, listed, rotated, removed, and those that end soon.

use axum::extract::Path;
use axum::response::Response;
use http::Uri;
use secrecy::ExposeSecret;
use strongroom_core::id::{Kind, Ref};
use strongroom_core::robot::WARNING_DAYS;
use strongroom_service::{EndingRobot, MintedRobot, RobotDraft, RotationDraft};

use super::{Answer, created, done, named, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::query::{Parameters, Part};
use crate::native::translate::{LABEL_LENGTH, Members};
use crate::native::wire::{Ending, List, NewRobot, Robot};
use crate::robot_access;

/// All robots of a registry, the removed ones too. As many as a registry allows are live, so the list is whole.
pub(in crate::native) async fn list(caller: Caller, Path(registry): Path<String>) -> Answer {
    let registry = named(&registry, Kind::Registry)?;
    let (all, begin) = (i64::MAX, 0);
    let page = caller.room.list_robots(&caller.actor, &registry, None, (all, begin)).await?;
    Ok(shown(&List::whole(page.items.into_iter().map(Robot::from))))
}

pub(in crate::native) async fn create(
    caller: Caller,
    Path(registry): Path<String>,
    body: RawBody,
) -> Answer {
    let registry = named(&registry, Kind::Registry)?;
    let members = Members::read(&body, &["description", "access", "expires_at"])?;
    let draft = RobotDraft {
        description: members.text("description", LABEL_LENGTH),
        access: members.value("access").map(robot_access::read),
        expires: members.time("expires_at"),
    };
    let minted = caller.room.mint_robot(&caller.actor, &registry, draft).await?;
    answer(&caller, minted).await
}

pub(in crate::native) async fn read(
    caller: Caller,
    Path((registry, robot)): Path<(String, String)>,
) -> Answer {
    let (registry, robot) = both(&registry, &robot)?;
    let view = caller.room.read_robot(&caller.actor, &registry, &robot).await?;
    Ok(shown(&Robot::from(view)))
}

/// 201 with the successor and its password; the old robot ends when the overlap is over.
pub(in crate::native) async fn rotate(
    caller: Caller,
    Path((registry, robot)): Path<(String, String)>,
    body: RawBody,
) -> Answer {
    let (registry, robot) = both(&registry, &robot)?;
    let members = match body.is_empty() {
        true => Members::default(),
        false => Members::read(&body, &["overlap_seconds", "expires_at"])?,
    };
    let draft = RotationDraft {
        overlap_seconds: members.integer("overlap_seconds"),
        expires: members.time("expires_at"),
    };
    let minted = caller.room.rotate_robot(&caller.actor, &registry, &robot, draft).await?;
    answer(&caller, minted).await
}

pub(in crate::native) async fn remove(
    caller: Caller,
    Path((registry, robot)): Path<(String, String)>,
    uri: Uri,
) -> Answer {
    let (registry, robot) = both(&registry, &robot)?;
    let force = Parameters::read(&uri, &["force"])?.switch("force")?;
    caller.room.remove_robot(&caller.actor, &registry, &robot, force).await?;
    Ok(done())
}

/// Robots of all registries that end within so many days, 14 unless told, and have no successor.
pub(in crate::native) async fn ending(caller: Caller, uri: Uri) -> Answer {
    let (part, parameters) = Part::read_with(&uri, &["days"])?;
    let days = parameters.integer("days", 0, MOST_DAYS)?.unwrap_or(WARNING_DAYS);
    let wanted = (part.limit + 1, part.after);
    let found = caller.room.list_ending_robots(&caller.actor, days, wanted).await?;
    Ok(shown(&List::part(found, part.limit, EndingRobot::cursor, Ending::from)))
}

fn both(registry: &str, robot: &str) -> Result<(Ref, Ref), crate::native::error::NativeError> {
    Ok((named(registry, Kind::Registry)?, named(robot, Kind::Placement)?))
}

/// The answer that shows a new robot's password, for the only time.
async fn answer(caller: &Caller, minted: MintedRobot) -> Answer {
    let (registry, robot) = (Ref::Guid(minted.registry), Ref::Guid(minted.guid));
    let view = caller.room.read_robot(&caller.actor, &registry, &robot).await?;
    let shown = Robot::from(view);
    let location = format!("/strongroom/v1/registries/{}/robots/{}", minted.registry, minted.guid);
    let password = minted.password.expose_secret();
    let response: Response =
        created(&location, &NewRobot { shown, username: &minted.username, password });
    Ok(response)
}

/// As long ahead as a robot can end.
const MOST_DAYS: i64 = 730;

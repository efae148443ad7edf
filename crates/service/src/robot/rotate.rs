//! Rotation: a successor that may do the same, and an end for the old robot.

use strongroom_core::audit::{Change, Operation};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::robot::{RobotRule, Status, USUAL_OVERLAP};
use strongroom_core::{Error, Result};

use super::{MintedRobot, NewRobot, Wanted, entry_of, insert, lifetime_fault, told_refused};
use crate::Strongroom;
use crate::actor::Actor;
use crate::store::{Audited, ReadTx, RobotRow, proof};

/// What a request asks of a rotation.
#[derive(Debug, Clone, Default)]
pub struct RotationDraft {
    /// For how many seconds the old robot lives on; a day when absent, or less when it ends before.
    pub overlap_seconds: Member<i64>,
    /// When the successor ends; as long ahead as the old one did when it was minted, when absent.
    pub expires: Member<Timestamp>,
}

impl Strongroom {
    /// Mints a successor that may do the same, and ends the old robot when the overlap is over.
    ///
    /// An overlap that is longer than the old robot lives is refused: whoever asks for it counts on a time that he
    /// does not have.
    pub async fn rotate_robot(
        &self,
        actor: &Actor,
        registry: &Ref,
        robot: &Ref,
        draft: RotationDraft,
    ) -> Result<MintedRobot> {
        let (by, registry, robot) = (actor.clone(), registry.clone(), robot.clone());
        let new = NewRobot::draw()?;
        let (guid, password) = (new.identity.0, new.password.text.clone());
        let username = new.name.clone();
        let registry = self
            .write(actor, move |tx| {
                let (_, registry) = tx.registry::<proof::ManageRegistries>(&by, &registry)?;
                let (permit, old) = tx.robot::<proof::Delete>(&by, &registry, &robot)?;
                let refused = |tx: &ReadTx<'_>, error| {
                    told_refused(tx, &by, Operation::Update, &registry, Some(&old), error)
                };
                if registry.removed.is_some() || old.removed.is_some() {
                    return Err(refused(tx, Error::NotFound(Kind::Placement)));
                }
                let (wanted, ends) =
                    checked(tx, &old, draft.clone()).map_err(|error| refused(tx, error))?;
                let mut created = insert(tx, &by, &registry, &new, &wanted)?;
                created.reason = permit.reason().to_string();
                let (_, successor) = tx.robot::<proof::Read>(&by, &registry, &Ref::Guid(guid))?;
                tx.hand_over(&permit, &old, successor.credential_id, ends)?;
                let limit = registry.credentials_limit;
                if limit < tx.live_robots(registry.identity.id)? {
                    let rule = Rule::Robot(RobotRule::LimitReached { limit });
                    return Err(refused(tx, Error::invalid("registry_id", rule)));
                }
                let mut ended = entry_of(tx, &by, Operation::Update, &registry, &old);
                ended.reason = format!("rotated to {}", new.name);
                ended.changes = vec![Change {
                    member: "expires",
                    old: Some(old.expires.as_micros().into()),
                    new: Some(ends.as_micros().into()),
                }];
                Ok(Audited::with_all(registry.identity.guid, vec![created, ended]))
            })
            .await?;
        Ok(MintedRobot { registry, guid, username, password })
    }
}

/// The successor, and when the old robot ends.
fn checked(tx: &ReadTx<'_>, old: &RobotRow, draft: RotationDraft) -> Result<(Wanted, Timestamp)> {
    let now = tx.now();
    if Status::at(now, old.expires, false) != Status::Active {
        return Err(Error::invalid("robot", Rule::Robot(RobotRule::NotActive)));
    }
    if old.rotated.is_some() {
        return Err(Error::invalid("robot", Rule::Robot(RobotRule::Rotated)));
    }
    let mut faults: Vec<Violation> = Vec::new();
    let left = (old.expires.as_micros() - now.as_micros()) / 1_000_000;
    let fits = |seconds: &i64| {
        if *seconds < 0 {
            return Some(Rule::TooSmall { min: 0 });
        }
        (left < *seconds).then_some(Rule::Robot(RobotRule::OverlapTooLong { seconds: left }))
    };
    let overlap = draft.overlap_seconds.check(fits).take("overlap_seconds", &mut faults);
    let within = |at: &Timestamp| lifetime_fault(now, *at);
    let expires = draft.expires.check(within).take("expires_at", &mut faults);
    faultless(faults)?;
    let life = (old.expires.as_micros() - old.created.as_micros()) / 1_000_000;
    let wanted = Wanted {
        description: old.description.clone(),
        access: old.access.clone(),
        expires: expires.unwrap_or_else(|| now.plus_seconds(life)),
    };
    let ends = now.plus_seconds(overlap.unwrap_or(USUAL_OVERLAP.min(left))).min(old.expires);
    if wanted.expires < ends {
        let seconds = (wanted.expires.as_micros() - now.as_micros()) / 1_000_000;
        let rule = Rule::Robot(RobotRule::OverlapTooLong { seconds });
        return Err(Error::invalid("overlap_seconds", rule));
    }
    Ok((wanted, ends))
}

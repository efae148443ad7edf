//! Which registry credential an image is fetched with, and why no other: always as the store is at that moment.

use strongroom_core::audit::{Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::record::{Placement, PlacementScope};
use strongroom_core::registry::Image;
use strongroom_core::registry::precedence::{Candidate, Scope, Verdict, resolve};
use strongroom_core::{Error, Result};

use super::registry_credential::{RegistryCredentialView, view};
use crate::Strongroom;
use crate::actor::Actor;
use crate::store::{Audited, ReadTx, permitted, proof};

/// What a request asks.
#[derive(Debug, Clone, Default)]
pub struct ResolveDraft {
    /// The image.
    pub image: Member<Image>,
    /// The app that is to run it; one of this, the space and the organization.
    pub app: Member<Option<Ref>>,
    /// The space, for any app in it.
    pub space: Member<Option<Ref>>,
    /// The organization, for any app in it.
    pub organization: Member<Option<Ref>>,
}

/// What becomes of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// The image.
    pub image: Image,
    /// The object that it was asked for, and its kind.
    pub of: (Kind, Guid),
    /// The locations that were tried, in this order, in each scope.
    pub tried: Vec<String>,
    /// Every credential that was looked at and that the caller may read, and the one that wins even if he may not.
    /// Those that would do come first.
    pub considered: Vec<Considered>,
    /// How many more stand at other locations.
    pub left_out: u64,
}

/// A credential that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Considered {
    /// What became of it.
    pub verdict: Verdict,
    /// How wide it stands.
    pub scope: Scope,
    /// The credential, unless the caller may not read it.
    pub view: Option<RegistryCredentialView>,
    /// The id of the credential behind the placement, unless the caller may not read it.
    pub credential_id: Option<i64>,
}

impl Strongroom {
    /// Which registry credential wins for an image, for an app, space or organization that the caller may read, and
    /// why each other does not. The question is an entry of the audit log; a secret is in neither.
    pub async fn resolve_image(&self, actor: &Actor, draft: ResolveDraft) -> Result<Resolution> {
        let by = actor.clone();
        self.release(move |tx| {
            let (image, asked) = checked(draft.clone())?;
            let of = place(tx, &by, asked)?;
            let resolution = resolution(tx, &by, image, &of)?;
            let touched = Touched { kind: of.kind, id: of.id, name: of.name.clone() };
            let mut entry = by.entry(tx.now(), Operation::Read, touched);
            entry.organization_id = Some(of.organization_id);
            entry.reason = format!("which credential fetches {}", resolution.image);
            let wins = resolution.considered.iter().find(|one| one.verdict == Verdict::Wins);
            if let Some(id) = wins.and_then(|one| one.credential_id) {
                for row in tx.credential_rows(&[id])? {
                    let name = row.credential.name;
                    entry.objects.push(Touched { kind: Kind::Credential, id, name });
                }
            }
            Ok(Audited::new(resolution, entry))
        })
        .await
    }
}

/// The placement that wins in these scopes, whoever asks.
pub(super) fn winner(
    tx: &ReadTx<'_>,
    image: &Image,
    scopes: &[PlacementScope],
) -> Result<Option<Placement>> {
    let spellings = image.spellings();
    let mut placements = tx.placements_of_owners(scopes, Some(&spellings), i64::MAX)?;
    let verdicts = verdicts(image, &placements)?;
    let won = verdicts.iter().position(|(verdict, _)| *verdict == Verdict::Wins);
    Ok(won.map(|index| placements.swap_remove(index)))
}

/// An object for whose apps an image is to be fetched.
struct Place {
    kind: Kind,
    id: i64,
    guid: Guid,
    name: String,
    organization_id: i64,
    scopes: Vec<PlacementScope>,
}

#[derive(Clone)]
enum Asked {
    App(Ref),
    Space(Ref),
    Organization(Ref),
}

fn checked(draft: ResolveDraft) -> Result<(Image, Asked)> {
    let mut faults: Vec<Violation> = Vec::new();
    let image = draft.image.require("image", &mut faults);
    let app = draft.app.take("app", &mut faults).flatten();
    let space = draft.space.take("space", &mut faults).flatten();
    let organization = draft.organization.take("organization", &mut faults).flatten();
    let asked = match (app, space, organization) {
        (Some(app), None, None) => Some(Asked::App(app)),
        (None, Some(space), None) => Some(Asked::Space(space)),
        (None, None, Some(organization)) => Some(Asked::Organization(organization)),
        _ => {
            if faults.is_empty() {
                let rule = Rule::ExactlyOne { of: &["app", "space", "organization"] };
                faults.push(Violation::new(FieldPath::Whole, rule));
            }
            None
        }
    };
    faultless(faults)?;
    match (image, asked) {
        (Some(image), Some(asked)) => Ok((image, asked)),
        _ => Err(Error::internal("a fault was not noticed")),
    }
}

/// The object, when it is there for the caller.
fn place(tx: &ReadTx<'_>, actor: &Actor, asked: Asked) -> Result<Place> {
    let known = |member: &'static str, reference: &Ref| {
        let given = reference.to_string();
        move |error| match error {
            Error::NotFound(_) | Error::Hidden(_) => {
                Error::invalid(member, Rule::UnknownObject { given: given.clone() })
            }
            other => other,
        }
    };
    match asked {
        Asked::App(reference) => {
            let found = tx.app::<proof::Read>(actor, &reference);
            let (_, app) = found.map_err(known("app", &reference))?;
            let organization_id = tx.space_organization(app.space_id)?;
            Ok(Place {
                kind: Kind::App,
                id: app.identity.id,
                guid: app.identity.guid,
                name: app.name,
                organization_id,
                scopes: vec![
                    PlacementScope::App(app.identity.id),
                    PlacementScope::Space(app.space_id),
                    PlacementScope::Organization(organization_id),
                    PlacementScope::Foundation,
                ],
            })
        }
        Asked::Space(reference) => {
            let found = tx.space::<proof::Read>(actor, &reference);
            let (_, space) = found.map_err(known("space", &reference))?;
            Ok(Place {
                kind: Kind::Space,
                id: space.identity.id,
                guid: space.identity.guid,
                name: space.name,
                organization_id: space.organization_id,
                scopes: vec![
                    PlacementScope::Space(space.identity.id),
                    PlacementScope::Organization(space.organization_id),
                    PlacementScope::Foundation,
                ],
            })
        }
        Asked::Organization(reference) => {
            let found = tx.organization::<proof::Read>(actor, &reference);
            let (permit, organization) = found.map_err(known("organization", &reference))?;
            Ok(Place {
                kind: Kind::Organization,
                id: permit.id(),
                guid: organization.identity.guid,
                name: organization.name,
                organization_id: permit.id(),
                scopes: vec![PlacementScope::Organization(permit.id()), PlacementScope::Foundation],
            })
        }
    }
}

fn resolution(tx: &ReadTx<'_>, actor: &Actor, image: Image, of: &Place) -> Result<Resolution> {
    let spellings = image.spellings();
    let mut placements = tx.placements_of_owners(&of.scopes, Some(&spellings), i64::MAX)?;
    let known: Vec<i64> = placements.iter().map(|one| one.identity.id).collect();
    let others = tx.placements_of_owners(&of.scopes, None, MOST_LOOKED_AT)?;
    placements.extend(others.into_iter().filter(|one| !known.contains(&one.identity.id)));
    let verdicts = verdicts(&image, &placements)?;
    let (mut considered, mut left_out) = (Vec::new(), 0);
    for (placement, (verdict, scope)) in placements.into_iter().zip(verdicts) {
        if verdict == Verdict::LocationDiffers && MOST_TOLD <= considered.len() {
            left_out += 1;
            continue;
        }
        let on = Ref::Serial(placement.credential_id);
        let readable = permitted(tx.credential::<proof::Read>(actor, &on))?;
        if !readable && verdict != Verdict::Wins {
            continue;
        }
        let credential_id = readable.then_some(placement.credential_id);
        let view = match readable {
            true => Some(view(tx, placement)?),
            false => None,
        };
        considered.push(Considered { verdict, scope, view, credential_id });
    }
    let tried = image.locations();
    Ok(Resolution { image, of: (of.kind, of.guid), tried, considered, left_out })
}

fn verdicts(image: &Image, placements: &[Placement]) -> Result<Vec<(Verdict, Scope)>> {
    let candidate = |placement: &Placement| {
        let scope = match placement.scope {
            PlacementScope::App(_) => Scope::App,
            PlacementScope::Space(_) => Scope::Space,
            PlacementScope::Organization(_) => Scope::Organization,
            PlacementScope::Foundation => Scope::Foundation,
            _ => return Err(Error::internal("no place of the platform")),
        };
        let location = placement.location.clone().unwrap_or_default();
        Ok(Candidate { scope, location })
    };
    let candidates: Vec<Candidate> = placements.iter().map(candidate).collect::<Result<_>>()?;
    let verdicts = resolve(image, &candidates);
    Ok(verdicts.into_iter().zip(candidates.into_iter().map(|one| one.scope)).collect())
}

/// Credentials at other locations that are looked at, to say of each that it stands elsewhere.
const MOST_LOOKED_AT: i64 = 1000;
/// The most credentials of which an answer says that they stand elsewhere.
const MOST_TOLD: usize = 100;

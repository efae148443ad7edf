//! Which registry credential an image is fetched with.

use serde::Serialize;
use strongroom_core::id::Kind;
use strongroom_core::registry::precedence::Verdict;
use strongroom_service::platform::{Considered, Resolution as View};

/// What becomes of an image.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Resolution {
    image: String,
    app: Option<String>,
    space: Option<String>,
    organization: Option<String>,
    /// The locations, from the most specific on.
    tried: Vec<String>,
    /// The guid of the credential that wins; null when none does, or when the caller may not read it.
    winner: Option<String>,
    considered: Vec<Candidate>,
    /// How many more stand at other locations.
    left_out: u64,
}

/// A credential that was looked at.
#[derive(Debug, Serialize)]
struct Candidate {
    /// The guid of its placement; null when the caller may not read it.
    guid: Option<String>,
    /// The integer id of the credential.
    credential: Option<i64>,
    scope: &'static str,
    location: Option<String>,
    username: Option<String>,
    wins: bool,
    reason: &'static str,
}

impl From<View> for Resolution {
    fn from(view: View) -> Self {
        let (kind, guid) = view.of;
        let of = |wanted: Kind| (kind == wanted).then(|| guid.to_string());
        let winner = view.considered.iter().find(|one| one.verdict == Verdict::Wins);
        let winner = winner.and_then(|one| one.view.as_ref());
        Self {
            image: view.image.to_string(),
            app: of(Kind::App),
            space: of(Kind::Space),
            organization: of(Kind::Organization),
            tried: view.tried,
            winner: winner.map(|view| view.placement.identity.guid.to_string()),
            considered: view.considered.into_iter().map(Candidate::from).collect(),
            left_out: view.left_out,
        }
    }
}

impl From<Considered> for Candidate {
    fn from(considered: Considered) -> Self {
        let view = considered.view;
        let placement = view.as_ref().map(|view| &view.placement);
        Self {
            guid: placement.map(|placement| placement.identity.guid.to_string()),
            credential: considered.credential_id,
            scope: considered.scope.word(),
            location: placement.and_then(|placement| placement.location.clone()),
            wins: considered.verdict == Verdict::Wins,
            reason: reason(considered.verdict),
            username: view.map(|view| view.username),
        }
    }
}

const fn reason(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Wins => "It is the most specific in the narrowest scope that has any.",
        Verdict::LocationDiffers => "The image is not at its location.",
        Verdict::ScopeGoesAfter => "A narrower scope has one that fits.",
        Verdict::LessSpecific => "Another of the same scope is more specific.",
    }
}

//! Which of several credentials an image is fetched with.

use super::Image;

/// How wide a credential stands, from the one that goes before all others to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One app.
    App,
    /// One space.
    Space,
    /// One organization.
    Organization,
    /// The whole foundation.
    Foundation,
}

impl Scope {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Space => "space",
            Self::Organization => "organization",
            Self::Foundation => "foundation",
        }
    }
}

/// What is known of a credential that may win: where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// How wide.
    pub scope: Scope,
    /// At which location; upper and lower case are alike.
    pub location: String,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The image is fetched with it.
    Wins,
    /// Its location is none of those that the image can be at.
    LocationDiffers,
    /// It would do, but one of a narrower scope does too.
    ScopeGoesAfter,
    /// It would do, but one of the same scope is more specific.
    LessSpecific,
}

/// What becomes of each candidate, in their order; at most one wins.
///
/// The first scope with any match wins, in it the most specific location. Of two that stand in the same
/// place, which uniqueness forbids, the first wins.
pub fn resolve(image: &Image, candidates: &[Candidate]) -> Vec<Verdict> {
    let tried = image.locations();
    let tried: Vec<String> = tried.iter().map(|location| location.to_lowercase()).collect();
    let rank = |candidate: &Candidate| {
        let location = at_host(&candidate.location.to_lowercase());
        tried.iter().position(|one| *one == location).map(|at| (candidate.scope, at))
    };
    let ranks: Vec<Option<(Scope, usize)>> = candidates.iter().map(rank).collect();
    let best = ranks.iter().enumerate().filter_map(|(index, rank)| Some(((*rank)?, index))).min();
    let verdict = |(index, rank): (usize, &Option<(Scope, usize)>)| match (rank, best) {
        (Some(_), Some((_, winner))) if winner == index => Verdict::Wins,
        (Some((scope, _)), Some(((first, _), _))) if *scope != first => Verdict::ScopeGoesAfter,
        (Some(_), _) => Verdict::LessSpecific,
        (None, _) => Verdict::LocationDiffers,
    };
    ranks.iter().enumerate().map(verdict).collect()
}

/// A location with the port at its host, where one stands at its end: `host/path:5000` is `host:5000/path`.
fn at_host(location: &str) -> String {
    let Some((host, path)) = location.split_once('/') else { return location.to_owned() };
    let Some((path, port)) = path.rsplit_once(':') else { return location.to_owned() };
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let has_port = host.rsplit_once(']').map_or(host, |(_, rest)| rest).contains(':');
    if !is_port || has_port {
        return location.to_owned();
    }
    format!("{host}:{port}/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(scope: Scope, location: &str) -> Candidate {
        Candidate { scope, location: location.to_owned() }
    }

    fn verdicts(image: &str, candidates: &[(Scope, &str)]) -> Vec<Verdict> {
        let candidates: Vec<Candidate> =
            candidates.iter().map(|(scope, location)| candidate(*scope, location)).collect();
        resolve(&image.parse().unwrap(), &candidates)
    }

    #[test]
    fn the_narrowest_scope_goes_first_and_in_it_the_most_specific_location() {
        use Verdict::{LessSpecific, LocationDiffers, ScopeGoesAfter, Wins};
        let found = verdicts(
            "registry.example.com/repo/image:tag",
            &[
                (Scope::Foundation, "registry.example.com/repo"),
                (Scope::Space, "example.com"),
                (Scope::Space, "registry.example.com"),
                (Scope::App, "registry.example.com/repository"),
                (Scope::Space, "registry.example.com/repo/image"),
            ],
        );
        assert_eq!(found, [ScopeGoesAfter, LessSpecific, Wins, LocationDiffers, LocationDiffers]);
        assert_eq!(
            verdicts("nginx", &[(Scope::App, "com"), (Scope::App, "io")]),
            [LocationDiffers; 2]
        );
        assert_eq!(verdicts("nginx", &[(Scope::Foundation, "docker.io")]), [Wins]);
    }

    #[test]
    fn a_port_at_the_end_is_the_hosts() {
        let location = "registry.example.com/path/to:5000";
        assert_eq!(
            verdicts("registry.example.com:5000/path/to/x", &[(Scope::App, location)]),
            [Verdict::Wins]
        );
        assert_eq!(
            verdicts("registry.example.com/path/to/x", &[(Scope::App, location)]),
            [Verdict::LocationDiffers]
        );
        let image: Image = "registry.example.com:5000/path/to/x".parse().unwrap();
        assert!(image.spellings().iter().any(|spelling| spelling == location));
    }

    /// The rules of the platform's guide, word for word: scopes in their order, in each the image's text cut shorter
    /// and shorter, until one fits.
    fn by_the_guide(host: &[String], path: &[String], candidates: &[Candidate]) -> Option<usize> {
        for scope in [Scope::App, Scope::Space, Scope::Organization, Scope::Foundation] {
            let (mut host, mut path) = (host.to_vec(), path.to_vec());
            path.pop();
            loop {
                let mut wanted = host.join(".");
                for element in &path {
                    wanted.push('/');
                    wanted.push_str(element);
                }
                let fits = |one: &Candidate| one.scope == scope && one.location == wanted;
                if let Some(found) = candidates.iter().position(fits) {
                    return Some(found);
                }
                if path.pop().is_some() {
                    continue;
                }
                if host.len() == 2 {
                    break;
                }
                host.remove(0);
            }
        }
        None
    }

    fn elements(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[ab]", range)
    }

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let scopes = [Scope::App, Scope::Space, Scope::Organization, Scope::Foundation];
        let scope = proptest::sample::select(scopes.to_vec());
        let one = (scope, elements(1..5), elements(0..4)).prop_map(|(scope, host, path)| {
            let location = [vec![host.join(".")], path].concat().join("/");
            Candidate { scope, location }
        });
        proptest::collection::vec(one, 0..24)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_is_as_the_guide_says(host in elements(2..5), path in elements(1..5), candidates in candidates()) {
            let image: Image = format!("{}/{}:1", host.join("."), path.join("/")).parse().unwrap();
            let verdicts = resolve(&image, &candidates);
            let winner = verdicts.iter().position(|verdict| *verdict == Verdict::Wins);
            prop_assert_eq!(winner, by_the_guide(&host, &path, &candidates));
            prop_assert!(verdicts.iter().filter(|verdict| **verdict == Verdict::Wins).count() <= 1);
            // Whoever looks for the winner among the spellings alone finds it.
            let spelled = image.spellings();
            let near: Vec<Candidate> =
                candidates.iter().filter(|one| spelled.contains(&one.location)).cloned().collect();
            let among = resolve(&image, &near).iter().position(|one| *one == Verdict::Wins);
            prop_assert_eq!(among.map(|at| &near[at]), winner.map(|at| &candidates[at]));
        }

        #[test]
        fn why_the_others_lost_is_true(host in elements(2..4), path in elements(1..4), candidates in candidates()) {
            let image: Image = format!("{}/{}", host.join("."), path.join("/")).parse().unwrap();
            let verdicts = resolve(&image, &candidates);
            let alone = |candidate: &Candidate| resolve(&image, std::slice::from_ref(candidate))[0];
            let winner = verdicts.iter().position(|verdict| *verdict == Verdict::Wins);
            for (candidate, verdict) in candidates.iter().zip(&verdicts) {
                let fits = alone(candidate) == Verdict::Wins;
                let scope = winner.map(|winner| candidates[winner].scope);
                match verdict {
                    Verdict::Wins => prop_assert!(fits),
                    Verdict::LocationDiffers => prop_assert!(!fits),
                    Verdict::ScopeGoesAfter => prop_assert!(fits && scope < Some(candidate.scope)),
                    Verdict::LessSpecific => prop_assert!(fits && scope == Some(candidate.scope)),
                }
            }
        }
    }
}

//! Scopes of the platform's tokens.

/// Rights beyond those of roles that a token carries, or a user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Powers {
    /// Of a system administrator.
    pub(crate) administers: bool,
    /// Of a system auditor.
    pub(crate) audits: bool,
}

impl Powers {
    /// Whatever the user has.
    pub(crate) const ALL: Self = Self { administers: true, audits: true };

    /// What a token of that scope carries at the most.
    pub(crate) fn of(scope: &str) -> Self {
        Self {
            administers: holds(scope, ADMIN),
            audits: holds(scope, ADMIN_READ_ONLY) || holds(scope, GLOBAL_AUDITOR),
        }
    }
}

/// Whether a token of that scope may read on the platform.
pub(crate) fn reads(scope: &str) -> bool {
    [READ, ADMIN, ADMIN_READ_ONLY, GLOBAL_AUDITOR].iter().any(|word| holds(scope, word))
}

/// Whether a token of that scope may write on the platform.
pub(crate) fn writes(scope: &str) -> bool {
    holds(scope, WRITE) || holds(scope, ADMIN)
}

/// Whether the word is in the scope.
pub(super) fn holds(scope: &str, word: &str) -> bool {
    scope.split(' ').any(|one| one == word)
}

/// Whether one of these scopes gives what no role does, so that only a system administrator gives it.
pub(super) fn is_beyond_roles(scope: &str) -> bool {
    administers(scope) || audits(scope)
}

/// Whether the scope is a system administrator's.
pub(super) fn administers(scope: &str) -> bool {
    holds(scope, ADMIN)
}

/// Whether the scope is a system auditor's.
pub(super) fn audits(scope: &str) -> bool {
    holds(scope, ADMIN_READ_ONLY) || holds(scope, GLOBAL_AUDITOR)
}

/// Whether a client can have the scope. It is nobody, so none tells who it is.
pub(super) fn is_of_clients(word: &str) -> bool {
    word != OPENID && OFFERED.contains(&word)
}

/// What a client has that was made with these scopes, each once, in one order; none means the usual ones.
pub(super) fn of_client(words: &[String]) -> String {
    let wanted = |word: &str| match words {
        [] => [READ, WRITE].contains(&word),
        words => words.iter().any(|one| one == word),
    };
    OFFERED
        .into_iter()
        .filter(|word| is_of_clients(word) && wanted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The scopes that a user or client gets: those it asks for among those it has, all when it asks for none. Never
/// more than the limit: what a login was issued for, or what a client has. None when nothing is left.
pub(super) fn granted(powers: Powers, wanted: &[String], limit: Option<&str>) -> Option<String> {
    let has = |word: &str| match word {
        ADMIN => powers.administers,
        ADMIN_READ_ONLY => powers.audits,
        // Only clients have these, whose limit names them.
        GLOBAL_AUDITOR => powers.audits && limit.is_some(),
        RESOURCE => limit.is_some(),
        _ => true,
    };
    let granted: Vec<&str> = OFFERED
        .into_iter()
        .filter(|word| has(word))
        .filter(|word| wanted.is_empty() || wanted.iter().any(|one| one == word))
        .filter(|word| limit.is_none_or(|limit| holds(limit, word)))
        .collect();
    (!granted.is_empty()).then(|| granted.join(" "))
}

const READ: &str = "cloud_controller.read";
const WRITE: &str = "cloud_controller.write";
const ADMIN: &str = "cloud_controller.admin";
const ADMIN_READ_ONLY: &str = "cloud_controller.admin_read_only";
const GLOBAL_AUDITOR: &str = "cloud_controller.global_auditor";
/// Tell who the user is.
pub(super) const OPENID: &str = "openid";
/// Ask about the tokens of others.
pub(super) const RESOURCE: &str = "uaa.resource";
/// What a token can be issued for.
const OFFERED: [&str; 7] = [ADMIN, ADMIN_READ_ONLY, GLOBAL_AUDITOR, READ, WRITE, OPENID, RESOURCE];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words() -> impl Strategy<Value = Vec<String>> {
        let words =
            [ADMIN, ADMIN_READ_ONLY, GLOBAL_AUDITOR, READ, WRITE, OPENID, RESOURCE, "uaa.admin"];
        let word = proptest::sample::select(words.to_vec()).prop_map(str::to_owned);
        proptest::collection::vec(word, 0..5)
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_he_has_asked_for_and_was_issued(
            administers: bool,
            audits: bool,
            wanted in words(),
            limit in proptest::option::of(words()),
        ) {
            let limit = limit.map(|words| words.join(" "));
            let powers = Powers { administers, audits };
            let Some(granted) = granted(powers, &wanted, limit.as_deref()) else { return Ok(()) };
            for word in granted.split(' ') {
                prop_assert!(wanted.is_empty() || wanted.iter().any(|one| one == word));
                prop_assert!(limit.as_deref().is_none_or(|limit| holds(limit, word)));
            }
            let carried = Powers::of(&granted);
            prop_assert!(administers || !carried.administers);
            prop_assert!(audits || !carried.audits);
            prop_assert!(limit.is_some() || !holds(&granted, RESOURCE));
        }

        #[test]
        fn a_client_has_what_it_was_made_with(words in words()) {
            let has = of_client(&words);
            for word in &words {
                prop_assert_eq!(holds(&has, word), is_of_clients(word));
            }
            prop_assert!(!holds(&has, OPENID));
            prop_assert_eq!(is_beyond_roles(&has), Powers::of(&has) != Powers::of(""));
        }
    }

    #[test]
    fn scopes_read_and_write_as_documented() {
        for (scope, may_read, may_write) in [
            ("cloud_controller.read openid", true, false),
            ("cloud_controller.write", false, true),
            ("cloud_controller.admin", true, true),
            ("cloud_controller.admin_read_only", true, false),
            ("cloud_controller.global_auditor", true, false),
            ("openid", false, false),
            ("cloud_controller.reader", false, false),
        ] {
            assert_eq!((reads(scope), writes(scope)), (may_read, may_write), "{scope}");
        }
        let nobody = Powers { administers: false, audits: false };
        assert_eq!(granted(nobody, &[ADMIN.to_owned()], None), None);
        assert_eq!(of_client(&[]), "cloud_controller.read cloud_controller.write");
        let all = "cloud_controller.read cloud_controller.write openid";
        assert_eq!(granted(nobody, &[], None).as_deref(), Some(all));
    }
}

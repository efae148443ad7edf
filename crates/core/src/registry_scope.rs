//! What a client of a container registry asks for, and what of it a robot is granted.
//!
//! A scope is `type:name:actions`, such as `repository:team/app:pull,push`. The type may carry a class,
//! `repository(plugin)`; the name may hold colons, because a host with a port may stand before it.

use crate::robot::{Access, Action, is_repository};

/// One scope as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The kind of thing, `repository` for all that robots hold rights on.
    kind: String,
    /// The class of thing, where the type carries one.
    class: Option<String>,
    /// The name of the thing.
    name: String,
    /// The actions, as they were spelled.
    actions: Vec<String>,
}

/// What a token opens in one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The repository's literal name.
    pub repository: String,
    /// The class, as it was asked for.
    pub class: Option<String>,
    /// The actions, at least one, each once.
    pub actions: Vec<Action>,
}

/// More scopes than one request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_SCOPES} scopes")]
pub struct TooManyScopes;

/// The scopes of the values of a request, each of which may hold several, separated by spaces.
///
/// What is no scope asks for nothing that could be granted, so it is left out.
pub fn read_scopes<'a>(
    values: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Scope>, TooManyScopes> {
    let mut scopes = Vec::new();
    for text in
        values.into_iter().flat_map(|value| value.split(' ')).filter(|text| !text.is_empty())
    {
        if scopes.len() == MOST_SCOPES {
            return Err(TooManyScopes);
        }
        scopes.push(Scope::read(text));
    }
    Ok(scopes.into_iter().flatten().collect())
}

/// What is both asked for and allowed: for each repository one element with all its actions, in the order asked.
///
/// `*` asks for every action; what is granted are the words of those that are allowed, never `*` itself, which
/// would open all to the registry. Only literal names of repositories are granted.
pub fn granted(allowed: &[Access], asked: &[Scope]) -> Vec<Granted> {
    let mut all: Vec<Granted> = Vec::new();
    for scope in
        asked.iter().filter(|scope| scope.kind == "repository" && is_repository(&scope.name))
    {
        let asks =
            |action: &Action| scope.actions.iter().any(|word| word == "*" || word == action.word());
        let allows = |action: &Action| {
            let covers = |access: &Access| {
                access.repositories.matches(&scope.name) && access.actions.contains(action)
            };
            allowed.iter().any(covers)
        };
        let actions = Action::ALL.into_iter().filter(|action| asks(action) && allows(action));
        let same = |one: &&mut Granted| one.repository == scope.name && one.class == scope.class;
        match all.iter_mut().find(same) {
            Some(known) => {
                known.actions.extend(actions);
                known.actions.sort_unstable();
                known.actions.dedup();
            }
            None => {
                let actions: Vec<Action> = actions.collect();
                if !actions.is_empty() {
                    let (repository, class) = (scope.name.clone(), scope.class.clone());
                    all.push(Granted { repository, class, actions });
                }
            }
        }
    }
    all
}

impl Scope {
    fn read(text: &str) -> Option<Self> {
        if LONGEST_SCOPE < text.len() {
            return None;
        }
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let (kind, class) = match kind.strip_suffix(')') {
            Some(kind) => kind.split_once('(').map(|(kind, class)| (kind, Some(class)))?,
            None => (kind, None),
        };
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_word(kind) || !class.is_none_or(is_word) {
            return None;
        }
        Some(Self {
            kind: kind.to_owned(),
            class: class.map(str::to_owned),
            name: name.to_owned(),
            actions: actions.split(',').map(str::to_owned).collect(),
        })
    }
}

/// The most scopes of one request; a token with very many is larger than what registries take in a header.
pub const MOST_SCOPES: usize = 64;
/// The most bytes of a scope.
const LONGEST_SCOPE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::Pattern;
    use proptest::prelude::*;

    fn access(pattern: &str, actions: &[Action]) -> Access {
        Access { repositories: pattern.parse().unwrap(), actions: actions.to_vec() }
    }

    /// What is granted, as `name:action,action` each.
    fn told(allowed: &[Access], asked: &[&str]) -> String {
        let asked = read_scopes(asked.iter().copied()).unwrap();
        let one = |granted: Granted| {
            let words: Vec<&str> = granted.actions.iter().map(|action| action.word()).collect();
            let class = granted.class.map(|class| format!("({class})")).unwrap_or_default();
            format!("{}{class}:{}", granted.repository, words.join(","))
        };
        granted(allowed, &asked).into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_asked_and_allowed_is_granted() {
        use Action::{Delete, Pull, Push};
        let pulls = [Access::pull_everything()];
        let team = [access("team/*", &[Pull, Push]), access("tools", &[Pull, Delete])];
        for (allowed, asked, result) in [
            (&pulls[..], &["repository:a/b:pull"][..], "a/b:pull"),
            (&pulls, &["repository:a/b:pull,push"], "a/b:pull"),
            (&pulls, &["repository:a/b:push,pull"], "a/b:pull"),
            (&pulls, &["repository:a/b:push"], ""),
            (&pulls, &["repository:a/b:*"], "a/b:pull"),
            (&pulls, &["repository:a:pull", "repository:b:pull"], "a:pull b:pull"),
            (&pulls, &["repository:c/d:pull,push repository:a/b:pull"], "c/d:pull a/b:pull"),
            (&pulls, &["repository:a:push", "repository:a:pull"], "a:pull"),
            (&pulls, &["registry:catalog:*"], ""),
            (&pulls, &["repository:*:pull", "repository:a/*:pull"], ""),
            (&pulls, &["repository:A:pull", "repository:..:pull", "repository::pull"], ""),
            (&pulls, &["repository:a/../b:pull", "repository:/a:pull"], ""),
            (&pulls, &["repository(plugin):a/b:pull"], "a/b(plugin):pull"),
            (&pulls, &["repository:host:5000/a:pull"], ""),
            (&pulls, &["", " ", "repository", "repository:a", ":a:pull", "x(:a:pull"], ""),
            (&team, &["repository:team/x:pull,push,delete"], "team/x:pull,push"),
            (&team, &["repository:team:pull", "repository:teams/x:pull"], ""),
            (&team, &["repository:tools:*"], "tools:pull,delete"),
            (&team, &["repository:tools:pull", "repository:tools:delete"], "tools:pull,delete"),
            (&team, &["repository:tools:Pull", "repository:tools:pull\u{a0}"], ""),
            (&team, &["repository:tools:pull push"], "tools:pull"),
            (&[], &["repository:a:pull"], ""),
        ] {
            assert_eq!(told(allowed, asked), result, "{asked:?}");
        }
    }

    #[test]
    fn a_host_with_a_port_may_stand_in_a_name() {
        let scope = Scope::read("repository:host:5000/a/b:pull").unwrap();
        assert_eq!((scope.name.as_str(), scope.actions.len()), ("host:5000/a/b", 1));
    }

    #[test]
    fn scopes_are_counted_before_they_are_read() {
        assert!(read_scopes(vec!["x"; MOST_SCOPES]).is_ok());
        assert_eq!(read_scopes(vec!["x"; MOST_SCOPES + 1]), Err(TooManyScopes));
        assert_eq!(read_scopes(["x ".repeat(MOST_SCOPES + 1).as_str()]), Err(TooManyScopes));
        let long = format!("repository:{}:pull", "a/".repeat(LONGEST_SCOPE));
        assert_eq!(read_scopes([long.as_str()]), Ok(Vec::new()));
    }

    fn action() -> impl Strategy<Value = Action> {
        proptest::sample::select(Action::ALL.to_vec())
    }

    fn allowed() -> impl Strategy<Value = Vec<Access>> {
        let pattern = proptest::sample::select(vec!["*", "a", "a/*", "a/b", "b/*"]);
        let actions = proptest::collection::vec(action(), 1..3);
        let one = (pattern, actions).prop_map(|(pattern, actions)| access(pattern, &actions));
        proptest::collection::vec(one, 0..4)
    }

    proptest! {
        #[test]
        fn nothing_is_granted_that_is_not_both_asked_and_allowed(
            allowed in allowed(),
            asked in proptest::collection::vec("repository:[ab*/.]{1,5}:(pull|push|delete|\\*)(,pull|,x)?", 0..6),
        ) {
            let scopes = read_scopes(asked.iter().map(String::as_str)).unwrap();
            for granted in granted(&allowed, &scopes) {
                prop_assert!(is_repository(&granted.repository) && !granted.actions.is_empty());
                for action in granted.actions {
                    let of = |access: &Access| {
                        access.repositories.matches(&granted.repository) && access.actions.contains(&action)
                    };
                    prop_assert!(allowed.iter().any(of));
                    let asks = |scope: &Scope| {
                        scope.name == granted.repository
                            && scope.actions.iter().any(|word| word == "*" || word == action.word())
                    };
                    prop_assert!(scopes.iter().any(asks));
                }
            }
        }

        #[test]
        fn whoever_may_pull_everything_is_granted_every_repository(name in "[a-z0-9]{1,5}(/[a-z0-9]{1,4}){0,2}") {
            prop_assert!(Pattern::everything().matches(&name));
            let asked = format!("repository:{name}:pull,push");
            prop_assert_eq!(told(&[Access::pull_everything()], &[&asked]), format!("{name}:pull"));
        }

        #[test]
        fn any_text_is_read(text in ".{0,40}") {
            let _ = read_scopes([text.as_str()]);
        }
    }
}

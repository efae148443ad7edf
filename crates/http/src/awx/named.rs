//! Objects named in a path by what they are called instead of by number.

use std::fmt::Write as _;

use strongroom_core::id::Kind;
use strongroom_service::NamedRef;

/// What a decoded segment names, if it has the form that this kind of object asks for.
pub(super) fn parse(kind: Kind, segment: &str) -> Option<NamedRef> {
    let nodes = split(segment);
    let nodes: Vec<Vec<&str>> =
        nodes.iter().map(|node| node.iter().map(String::as_str).collect()).collect();
    let nodes: Vec<&[&str]> = nodes.iter().map(Vec::as_slice).collect();
    match (kind, nodes.as_slice()) {
        (Kind::User, [[name]]) => Some(NamedRef::User((*name).to_owned())),
        (Kind::Organization, [[name]]) => Some(NamedRef::Organization((*name).to_owned())),
        (Kind::Team, [[name], [organization]]) => Some(NamedRef::Team {
            name: (*name).to_owned(),
            organization: (*organization).to_owned(),
        }),
        (Kind::JobTemplate, [[name], [organization]]) => Some(NamedRef::JobTemplate {
            name: (*name).to_owned(),
            organization: Some((*organization).to_owned())
                .filter(|organization| !organization.is_empty()),
        }),
        (Kind::Application, [[name], [organization]]) => Some(NamedRef::Application {
            name: (*name).to_owned(),
            organization: (*organization).to_owned(),
        }),
        (Kind::CredentialType, [[name, kind]]) => {
            Some(NamedRef::CredentialType { name: (*name).to_owned(), kind: (*kind).to_owned() })
        }
        (Kind::Credential, [[name], [type_name, type_kind], [organization]]) => {
            Some(NamedRef::Credential {
                name: (*name).to_owned(),
                type_name: (*type_name).to_owned(),
                type_kind: (*type_kind).to_owned(),
                organization: Some((*organization).to_owned())
                    .filter(|organization| !organization.is_empty()),
            })
        }
        _ => None,
    }
}

/// The segment of an object: its parts, joined by `+` inside a node and by `++` between nodes.
pub(super) fn segment(nodes: &[&[&str]]) -> String {
    let nodes: Vec<String> = nodes
        .iter()
        .map(|node| node.iter().map(|part| encoded(part)).collect::<Vec<_>>().join("+"))
        .collect();
    nodes.join("++")
}

/// The nodes of a decoded segment and their parts.
fn split(segment: &str) -> Vec<Vec<String>> {
    let mut nodes = vec![vec![String::new()]];
    let mut rest = segment;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[+]") {
            push(&mut nodes, '+');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("++") {
            nodes.push(vec![String::new()]);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('+') {
            if let Some(node) = nodes.last_mut() {
                node.push(String::new());
            }
            rest = after;
        } else {
            let mut characters = rest.chars();
            characters.next().into_iter().for_each(|character| push(&mut nodes, character));
            rest = characters.as_str();
        }
    }
    nodes
}

fn push(nodes: &mut [Vec<String>], character: char) {
    if let Some(part) = nodes.last_mut().and_then(|node| node.last_mut()) {
        part.push(character);
    }
}

fn encoded(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for character in part.chars() {
        match character {
            '+' => out.push_str("[+]"),
            ';' | '/' | '?' | ':' | '@' | '=' | '&' | '[' | ']' | '%' => {
                let _ = write!(out, "%{:02X}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_credential_is_named_with_its_type_and_organization() {
        let named = segment(&[&["alice ssh"], &["Machine", "ssh"], &[""]]);
        assert_eq!(named, "alice ssh++Machine+ssh++");
        let NamedRef::Credential { name, organization, .. } =
            parse(Kind::Credential, &named).unwrap()
        else {
            panic!("not a credential");
        };
        assert_eq!((name.as_str(), organization), ("alice ssh", None));
        assert_eq!(segment(&[&["a/b+c"]]), "a%2Fb[+]c");
    }

    #[test]
    fn what_has_another_form_names_nothing() {
        for (kind, segment) in [
            (Kind::Credential, "abc"),
            (Kind::CredentialType, "Machine"),
            (Kind::Team, "ops"),
            (Kind::Role, "admin"),
            (Kind::Organization, "a++b"),
        ] {
            assert!(parse(kind, segment).is_none(), "{kind:?} {segment}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(parts in proptest::collection::vec("[a-z+/%\\[\\]&é ]{1,6}", 1..4)) {
            let nodes: Vec<Vec<&str>> = parts.iter().map(|part| vec![part.as_str()]).collect();
            let nodes: Vec<&[&str]> = nodes.iter().map(Vec::as_slice).collect();
            let expected: Vec<Vec<String>> = parts.iter().map(|part| vec![part.clone()]).collect();
            let sent = segment(&nodes);
            let decoded = percent_encoding::percent_decode_str(&sent).decode_utf8().unwrap();
            prop_assert_eq!(split(&decoded), expected);
        }
    }
}

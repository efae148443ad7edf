//! What is wrong, as data.

use serde_json::{Value, json};

/// What AWX says to a bad body.
pub(super) enum Wanted {
    ParseError,
    Members(Value),
}

/// Bodies that both dialects refuse.
pub(super) fn awx_bodies() -> Vec<(&'static str, Vec<u8>, Wanted)> {
    let whole = |members: Value| Wanted::Members(members);
    let text = |inputs: &str| {
        json!({"name": "n", "credential_type": 1, "inputs": inputs}).to_string().into_bytes()
    };
    let not_a_mapping = || whole(json!({"inputs": ["str provided, expected dict"]}));
    let aliases = (0..30).fold("a0: &a0 [x]\n".to_owned(), |yaml, at| {
        format!("{yaml}a{}: &a{} [*a{at}, *a{at}]\n", at + 1, at + 1)
    });
    let mut bodies = vec![
        ("an object cut off", br#"{"name": "n""#.to_vec(), Wanted::ParseError),
        ("a comma too many", br#"{"name": "n",}"#.to_vec(), Wanted::ParseError),
        ("two documents", b"{} {}".to_vec(), Wanted::ParseError),
        ("a lone surrogate", br#"{"name": "\ud800"}"#.to_vec(), Wanted::ParseError),
        (
            "two surrogates in the wrong order",
            br#"{"name": "\udc00\ud800"}"#.to_vec(),
            Wanted::ParseError,
        ),
        ("no UTF-8", b"{\"name\": \"\xff\xfe\"}".to_vec(), Wanted::ParseError),
        ("not a number", br#"{"name": "n", "credential_type": NaN}"#.to_vec(), Wanted::ParseError),
        (
            "an endless number",
            br#"{"name": "n", "credential_type": 1e999}"#.to_vec(),
            Wanted::ParseError,
        ),
        ("a deep document", nested(65), Wanted::ParseError),
        ("nothing but brackets", vec![b'['; 1 << 20], Wanted::ParseError),
        ("NUL outside a text", b"{\"name\": \0}".to_vec(), Wanted::ParseError),
        (
            "a list",
            b"[1]".to_vec(),
            whole(json!({"detail": "JSON parse error - not a JSON object"})),
        ),
        (
            "a text",
            br#""x""#.to_vec(),
            whole(json!({"detail": "JSON parse error - not a JSON object"})),
        ),
        (
            "an inputs list",
            json!({"name": "n", "credential_type": 1, "inputs": [1]}).to_string().into_bytes(),
            whole(json!({"inputs": ["list provided, expected dict"]})),
        ),
        (
            "a name twice, the last one empty",
            br#"{"name": "n", "name": "", "credential_type": 1, "inputs": {}}"#.to_vec(),
            whole(json!({"name": ["This field may not be blank."]})),
        ),
        (
            "wrong types",
            br#"{"name": true, "description": [], "credential_type": "x", "inputs": {}}"#.to_vec(),
            whole(json!({
                "name": ["Not a valid string."],
                "description": ["Not a valid string."],
                "credential_type": ["Incorrect type. Expected pk value, received str."],
            })),
        ),
        (
            "nothing",
            b"{}".to_vec(),
            whole(json!({
                "name": ["This field is required."], "credential_type": ["This field is required."],
            })),
        ),
        (
            "NUL in a name",
            br#"{"name": "a\u0000b", "credential_type": 1}"#.to_vec(),
            whole(json!({"name": ["Null characters are not allowed."]})),
        ),
        (
            "NUL in an input",
            br#"{"name": "n", "credential_type": 1, "inputs": {"username": "\u0000"}}"#.to_vec(),
            whole(json!({"inputs": {"username": ["Null characters are not allowed."]}})),
        ),
        (
            "a long name",
            json!({"name": "n".repeat(513), "credential_type": 1}).to_string().into_bytes(),
            whole(json!({"name": ["Ensure this field has no more than 512 characters."]})),
        ),
    ];
    for (name, yaml) in [
        ("YAML that is no mapping", "- a\n- b\n"),
        ("YAML cut off", "username: 'a"),
        ("YAML with an alias", "username: &a x\npassword: *a\n"),
        ("YAML that multiplies", aliases.as_str()),
        ("YAML with a tag", "username: !!python/object:os.system x\n"),
        ("YAML with two documents", "username: a\n---\nusername: b\n"),
        ("YAML with a key that is no text", "1: a\n"),
        ("YAML with a key twice", "username: a\nusername: b\n"),
        ("deep YAML", &format!("a: {}{}\n", "[".repeat(70), "]".repeat(70))),
        ("very deep YAML", &format!("a: {}", "[".repeat(100_000))),
        ("an empty text", ""),
    ] {
        bodies.push((name, text(yaml), not_a_mapping()));
    }
    bodies
}

fn nested(depth: usize) -> Vec<u8> {
    let lists = depth - 1;
    format!(r#"{{"name": {}{}}}"#, "[".repeat(lists), "]".repeat(lists)).into_bytes()
}

/// Bodies that only the native API refuses.
pub(super) fn native_bodies() -> Vec<(&'static str, Value)> {
    vec![
        (
            "an unknown member",
            json!({"name": "n", "type": 1, "user": 1, "inputs": {}, "colour": "red"}),
        ),
        ("inputs as text", json!({"name": "n", "type": 1, "user": 1, "inputs": "username: a"})),
        ("no owner", json!({"name": "n", "type": 1, "inputs": {}})),
        ("two owners", json!({"name": "n", "type": 1, "inputs": {}, "user": 1, "organization": 1})),
        ("an unknown type", json!({"name": "n", "type": 99999, "user": 1, "inputs": {}})),
        ("an id of the wrong kind", json!({"name": "n", "type": {}, "user": [1], "inputs": {}})),
        (
            "an unknown input",
            json!({"name": "n", "type": 1, "user": 1, "inputs": {"colour": "red"}}),
        ),
    ]
}

pub(super) const BAD_IDS: &[&str] = &[
    "0",
    "-1",
    "99999",
    "9223372036854775808",
    "999999999999999999999999999999",
    "1e3",
    "1.0",
    "0x1",
    "nothing",
    "%00",
    "%FF",
    "%C3%A9",
    "00000000-0000-0000-0000-000000000000",
    "'%20OR%201=1--",
];

pub(super) const AUTHORIZATIONS: &[(&str, Option<&str>)] = &[
    ("nothing presented", None),
    ("an empty header", Some("")),
    ("a scheme alone", Some("Bearer")),
    ("an unknown token", Some("Bearer str_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    ("a token that is none", Some("Bearer ../../etc/passwd")),
    (
        "a long token",
        Some(concat!(
            "Bearer ",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        )),
    ),
    ("no base64", Some("Basic ???")),
    ("no pair", Some("Basic YWRtaW4=")),
    ("a wrong pair", Some("Basic YWRtaW46d3Jvbmc=")),
    ("a pair that is no UTF-8", Some("Basic /////w==")),
    ("a scheme unknown", Some("Negotiate YWRtaW4=")),
];

/// Framing headers that two servers could read in two ways.
pub(super) const AMBIGUOUS: &[(&str, &str)] = &[
    ("a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
    ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
    ("two lengths", "Content-Length: 5\r\nContent-Length: 6"),
    ("two lengths in one", "Content-Length: 5, 6"),
    ("a length with a sign", "Content-Length: +5"),
    ("a length that is none", "Content-Length: 0x5"),
    ("a length too large for any machine", "Content-Length: 99999999999999999999"),
    ("an unknown coding", "Transfer-Encoding: identity"),
    ("chunks that are not last", "Transfer-Encoding: chunked, identity"),
    ("a space before the colon", "Transfer-Encoding : chunked"),
    ("a folded line", "Transfer-Encoding:\r\n chunked"),
];

/// Paths with a second reading, or with none.
pub(super) const CROOKED: &[&str] = &[
    "/api/v2/../v2/me/",
    "/api/./v2/me/",
    "//api/v2/me/",
    "/api//v2/me/",
    "/api/v2/%2e%2e/v2/me/",
    "/api/v2/me%2f",
    "/api%2fv2/me/",
    "/API/v2/me/",
    "/api/v2/me/%00",
    "/api/v2/%ff/",
    "/api/v2/%zz/",
    "/strongroom/v1/../v1/credentials",
    "/strongroom/V1/credentials",
    "/strongroom/v1/credentials/",
    "/healthz/",
    "/healthz/..",
];

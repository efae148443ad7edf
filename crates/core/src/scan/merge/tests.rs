use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::super::ScanKind;
use super::*;

const ID: &str = "4DY4qGohso1r";

fn site(site: Value) -> Map<String, Value> {
    Map::from_iter([("site".to_owned(), site)])
}

fn target(present: Option<&Map<String, Value>>, wanted: Value) -> Merged {
    merge(ScanKind::Target.settings(), present, &site(wanted), 7)
}

fn faults(merged: &Merged) -> Vec<(String, Rule)> {
    let told = |fault: &Violation| match &fault.field {
        FieldPath::Whole => String::new(),
        FieldPath::Member(member) => (*member).to_owned(),
        FieldPath::Inner(member, inner) => format!("{member}.{inner}"),
    };
    merged.faults.iter().map(|fault| (told(fault), fault.rule.clone())).collect()
}

#[test]
fn a_new_document_has_every_member() {
    let merged = target(None, json!({"url": "https://shop.example.com"}));
    assert!(merged.faults.is_empty(), "{:?}", merged.faults);
    let site = &merged.document["site"];
    assert_eq!(site["basic_auth"], json!({"username": "", "password": ""}));
    assert_eq!(site["api_scan_settings"], Value::Null);
    assert_eq!(site["otp_digits"], 6);
    assert_eq!(merged.document["type"], "single");
    assert!(merged.literals.is_empty() && merged.mentions.is_empty());
}

#[test]
fn what_is_wrong_is_told_where_it_is() {
    let merged = target(
        None,
        json!({
            "name": "x".repeat(256), "desc": [], "basic_auth": {"password": "x".repeat(256)},
            "headers": [{"name": "ok"}, {"value": "x"}, 5], "otp_digits": 5, "has_otp": "maybe",
            "cookies": {}, "form_login_url": "ftp://x", "logout_condition": "some",
        }),
    );
    let rule = |rule| Rule::Scan(rule);
    assert_eq!(
        faults(&merged),
        [
            ("site.name".to_owned(), Rule::TooLong { max: 255 }),
            ("site.desc".to_owned(), Rule::NotText),
            ("site.url".to_owned(), Rule::Required),
            ("site.form_login_url".to_owned(), rule(ScanRule::Address)),
            ("site.basic_auth.password".to_owned(), Rule::TooLong { max: 255 }),
            ("site.headers.1.name".to_owned(), Rule::Required),
            ("site.headers.2".to_owned(), rule(ScanRule::NotAnObject)),
            ("site.cookies".to_owned(), rule(ScanRule::NotAList)),
            ("site.logout_condition".to_owned(), Rule::NotAChoice { given: "some".to_owned() }),
            ("site.has_otp".to_owned(), Rule::NotBoolean),
            ("site.otp_digits".to_owned(), rule(ScanRule::NotANumber)),
        ]
    );
    for url in
        ["shop", "https://", "https://me:pw@shop.example.com", "javascript:1", "", "https://a b"]
    {
        assert_eq!(target(None, json!({"url": url})).faults.len(), 1, "{url}");
    }
    let empty = merge(ScanKind::Target.settings(), None, &Map::new(), 1);
    assert_eq!(faults(&empty), [("site".to_owned(), Rule::Required)]);
}

#[test]
fn literals_are_marked_and_mentions_stay() {
    let uri = format!("Bearer credentials://{ID}");
    let merged = target(
        None,
        json!({
            "url": "https://shop.example.com",
            "basic_auth": {"username": "me", "password": "hunter2"},
            "headers": [{"name": "Authorization", "value": uri}, {"name": "X", "value": "hunter3"},
                        {"name": "X", "value": "hunter4"}],
        }),
    );
    assert!(!Value::from(merged.document.clone()).to_string().contains("hunter"));
    let sealed: Vec<(&str, &str)> =
        merged.literals.iter().map(|one| (one.field.as_str(), one.text.expose_secret())).collect();
    assert_eq!(
        sealed,
        [
            ("site.basic_auth.password", "hunter2"),
            ("site.headers.X", "hunter3"),
            ("site.headers.X\u{1f}1", "hunter4")
        ]
    );
    let settings = ScanKind::Target.settings();
    assert_eq!(marks(settings, &merged.document).len(), 3);
    let found = places(settings, &merged.document);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.key.as_str(), &found[0].1), ("site.headers.Authorization", &uri));
    assert_eq!(merged.mentions.len(), 1);
    assert_eq!(merged.document["site"]["headers"][0]["allow_testing"], false);
    let shown = masked(&merged.document);
    assert_eq!(shown["site"]["basic_auth"]["password"], MASK);
}

#[test]
fn the_mask_keeps_what_is_stored_under_the_name() {
    let first = target(
        None,
        json!({"url": "https://a.example.com", "form_login": [
            {"name": "user", "value": "alice"}, {"name": "password", "value": "hunter2"}]}),
    );
    let turned = json!({"form_login": [
        {"name": "password", "value": MASK}, {"name": "user", "value": "bob"}]});
    let second = merge(ScanKind::Target.settings(), Some(&first.document), &site(turned), 8);
    assert!(second.faults.is_empty());
    assert_eq!(second.literals.len(), 1);
    let marks = marks(ScanKind::Target.settings(), &second.document);
    assert_eq!(marks["site.form_login.password"], 7);
    assert_eq!(marks["site.form_login.user"], 8);
    let nothing = json!({"otp_secret": MASK, "form_login": [{"name": "new", "value": MASK}]});
    let third = merge(ScanKind::Target.settings(), Some(&second.document), &site(nothing), 9);
    let rule = || Rule::Scan(ScanRule::NothingKept);
    assert_eq!(
        faults(&third),
        [("site.form_login.0.value".to_owned(), rule()), ("site.otp_secret".to_owned(), rule())]
    );
}

#[test]
fn objects_are_merged_and_lists_replaced() {
    let first = target(
        None,
        json!({"url": "https://a.example.com", "name": "A", "whitelist": ["x"],
               "api_scan_settings": {"token_prefix": "JWT", "new_member": {"a": 1}}}),
    );
    let change = json!({"basic_auth": {"username": "me"}, "whitelist": ["y"],
                        "api_scan_settings": {"api_login_enabled": true, "mine": {"$sealed": 3}}});
    let second = merge(ScanKind::Target.settings(), Some(&first.document), &site(change), 8);
    let site = &second.document["site"];
    assert_eq!((&site["name"], &site["whitelist"]), (&json!("A"), &json!(["y"])));
    assert_eq!(site["basic_auth"], json!({"username": "me", "password": ""}));
    let api = &site["api_scan_settings"];
    assert_eq!((&api["token_prefix"], &api["api_login_enabled"]), (&json!("JWT"), &json!(true)));
    assert_eq!((&api["new_member"], &api["mine"]), (&json!({"a": 1}), &Value::Null));
    let null = json!({"api_scan_settings": null});
    let third = target(Some(&second.document), null);
    assert_eq!(third.document["site"]["api_scan_settings"], Value::Null);
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(MASK.to_owned()),
        Just(format!("credentials://{ID}")),
        "[a-z]{3,9}".prop_map(|text| format!("hunter2-{text}")),
    ]
}

fn request() -> impl Strategy<Value = Value> {
    let item = ("[a-c]", value()).prop_map(|(name, value)| json!({"name": name, "value": value}));
    (proptest::collection::vec(item, 0..4), value(), value(), any::<bool>()).prop_map(
        |(headers, password, secret, flag)| {
            json!({"url": "https://a.example.com", "headers": headers,
                   "basic_auth": {"password": password}, "otp_secret": secret, "has_otp": flag})
        },
    )
}

proptest! {
    #[test]
    fn no_document_holds_a_literal_and_what_is_shown_can_be_sent_back(
        requests in proptest::collection::vec(request(), 1..5),
    ) {
        let settings = ScanKind::Target.settings();
        let mut present: Option<Map<String, Value>> = None;
        for (turn, wanted) in requests.into_iter().enumerate() {
            let merged = merge(settings, present.as_ref(), &site(wanted), turn as u64 + 1);
            if !merged.faults.is_empty() {
                continue;
            }
            prop_assert!(!Value::from(merged.document.clone()).to_string().contains("hunter2"));
            let again = merge(settings, Some(&merged.document), &masked(&merged.document), 99);
            prop_assert!(again.faults.is_empty() && again.literals.is_empty() && again.mentions.is_empty());
            prop_assert_eq!(&again.document, &merged.document);
            present = Some(merged.document);
        }
    }

    #[test]
    fn any_document_is_merged_or_refused(text in ".{0,10}", number in any::<i64>()) {
        for value in [json!(text), json!(number), json!([text]), json!({"a": number}), json!(null)] {
            for kind in ScanKind::ALL {
                for setting in kind.settings() {
                    let wanted = Map::from_iter([(setting.name.to_owned(), value.clone())]);
                    let merged = merge(kind.settings(), None, &wanted, 1);
                    let _ = (masked(&merged.document), places(kind.settings(), &merged.document));
                }
            }
        }
    }
}

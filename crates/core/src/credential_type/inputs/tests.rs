use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::credential_type::fixture::{custom, managed};
use crate::credential_type::{Expected, KeyFault, Shown, UrlFault, managed_types, read_key};
use crate::error::ValueKind;

const MASK: &str = "$encrypted$";
const PLAIN_KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nQUJD\n-----END RSA PRIVATE KEY-----\n";
const LOCKED_KEY: &str =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n-----END ENCRYPTED PRIVATE KEY-----\n";

/// What the store holds, as a test writes it.
struct Store {
    plain: Map<String, Value>,
    secrets: Vec<&'static str>,
    key: Option<KeyState>,
    same_type: bool,
}

impl Store {
    fn of(plain: Value, secrets: &[&'static str]) -> Self {
        Self { plain: object(plain), secrets: secrets.to_vec(), key: None, same_type: true }
    }

    fn key(self, key: KeyState) -> Self {
        Self { key: Some(key), ..self }
    }

    fn other_type(self) -> Self {
        Self { same_type: false, ..self }
    }

    fn view(&self) -> StoredInputs<'_> {
        StoredInputs {
            plain: &self.plain,
            secrets: self.secrets.iter().copied().collect(),
            key: self.key,
            same_type: self.same_type,
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other}"),
    }
}

type Outcome = Result<(Value, Vec<(String, Option<String>)>), Vec<Violation>>;

/// The plain values, and for each secret its new text or nothing when it is kept.
fn outcome(checked: Result<CheckedInputs, Vec<Violation>>) -> Outcome {
    checked.map(|checked| {
        let secrets = checked.secrets.into_iter().map(|(id, change)| match change {
            SecretChange::Set(text) => (id, Some(text.expose_secret().to_owned())),
            SecretChange::Keep => (id, None),
        });
        (Value::Object(checked.plain), secrets.collect())
    })
}

fn create(kind: &CredentialType, given: Value) -> Outcome {
    outcome(check_inputs(kind, &object(given), None, Some(MASK)))
}

fn change(kind: &CredentialType, store: &Store, given: Value) -> Outcome {
    outcome(check_inputs(kind, &object(given), Some(&store.view()), Some(MASK)))
}

fn set(id: &str, text: &str) -> (String, Option<String>) {
    (id.to_owned(), Some(text.to_owned()))
}

fn kept(id: &str) -> (String, Option<String>) {
    (id.to_owned(), None)
}

fn failed(rule: InputRule) -> Outcome {
    Err(vec![whole(rule)])
}

fn failed_at(id: &str, rule: InputRule) -> Outcome {
    Err(vec![inner(id, rule)])
}

fn not_text(given: Shown) -> InputRule {
    InputRule::NotOfType { given, expected: Expected::Text }
}

/// One type with a field of every sort.
fn vendor() -> CredentialType {
    custom(
        json!({"fields": [
            {"id": "host", "label": "Host", "type": "string", "format": "url"},
            {"id": "token", "label": "Token", "type": "string", "secret": true},
            {"id": "verify", "label": "Verify", "type": "boolean", "default": true},
            {"id": "region", "label": "Region", "type": "string", "choices": ["eu", "us"]},
            {"id": "size", "label": "Size", "type": "string", "choices": ["s", "m"], "secret": true},
            {"id": "key", "label": "Key", "type": "string", "format": "ssh_private_key", "secret": true},
        ], "required": ["host", "token"]}),
        json!({}),
    )
}

#[test]
fn a_new_credential_splits_into_plain_and_secret() {
    let ssh = managed("ssh");
    assert_eq!(
        create(&ssh, json!({"password": "abc", "username": "joe", "become_password": "ASK"})),
        Ok((json!({"username": "joe", "become_password": "ASK"}), vec![set("password", "abc")]))
    );
    assert_eq!(create(&ssh, json!({})), Ok((json!({}), vec![])));
    assert_eq!(
        create(&managed("scm"), json!({"password": "ASK"})),
        Ok((json!({}), vec![set("password", "ASK")]))
    );
    assert_eq!(
        create(&managed("strongroom_secret_text"), json!({"value": "$encrypted$x"})),
        Ok((json!({}), vec![set("value", "$encrypted$x")]))
    );
    // In a field that is not secret the mask is ordinary text.
    assert_eq!(create(&ssh, json!({"username": MASK})), Ok((json!({"username": MASK}), vec![])));
}

#[test]
fn falsy_values_are_replaced_and_an_empty_secret_is_none() {
    for blank in [json!(null), json!(""), json!(false), json!(0), json!([]), json!({})] {
        let given =
            json!({"token": blank, "verify": blank, "region": blank, "size": blank, "key": blank});
        let plain = json!({"verify": false, "region": "eu"});
        assert_eq!(create(&vendor(), given), Ok((plain, vec![set("size", "s")])), "{blank}");
        let user = create(&managed("ssh"), json!({"username": blank}));
        assert_eq!(user, Ok((json!({"username": ""}), vec![])));
    }
}

#[test]
fn faults_of_the_whole_come_one_at_a_time_in_order() {
    let ssh = managed("ssh");
    let store = Store::of(json!({}), &["ssh_key_data"]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let reserved = || failed(InputRule::MaskReserved { field: "password".to_owned() });
    assert_eq!(create(&ssh, json!({"bogus": 1, "password": MASK, "username": 5})), reserved());
    assert_eq!(change(&ssh, &store, json!({"password": MASK, "become_password": 5})), reserved());
    assert_eq!(
        change(&ssh, &store, json!({"bogus": 1, "become_password": 5, "username": 5})),
        failed(InputRule::SecretNotText { given: ValueKind::Integer })
    );
    assert_eq!(
        create(&ssh, json!({"b": 1, "a": "secret", "username": 5})),
        failed(InputRule::UnknownInputs { names: names(&["a", "b"]) })
    );
    assert_eq!(
        create(&ssh, json!({"usernam": ""})),
        failed(InputRule::UnknownInputs { names: names(&["usernam"]) })
    );
    assert_eq!(
        outcome(check_inputs(&ssh, &object(json!({"password": MASK})), None, None)),
        Ok((json!({}), vec![set("password", MASK)]))
    );
}

#[test]
fn faults_of_fields_come_together() {
    let type_of = |given| InputRule::NotOfType { given, expected: Expected::Boolean };
    let shown = |value: Value| Shown::Value(value);
    let given =
        json!({"host": "foo", "token": 5, "verify": 1, "region": "asia", "size": "xl", "key": "x"});
    let choices = |words: [&str; 2]| words.map(str::to_owned).to_vec();
    assert_eq!(
        create(&vendor(), given),
        Err(vec![
            inner("host", InputRule::Url(UrlFault::NoScheme)),
            inner("token", not_text(Shown::Hidden)),
            inner("verify", type_of(shown(json!(1)))),
            inner(
                "region",
                InputRule::NotOneOf { given: shown(json!("asia")), choices: choices(["eu", "us"]) }
            ),
            inner(
                "size",
                InputRule::NotOneOf { given: Shown::Hidden, choices: choices(["s", "m"]) }
            ),
            inner("key", InputRule::Key(KeyFault::Frame)),
        ])
    );
    assert_eq!(
        create(&managed("ssh"), json!({"username": 5})),
        failed_at("username", not_text(shown(json!(5))))
    );
    assert_eq!(
        create(&managed("ssh"), json!({"username": "a\0", "password": "b\0"})),
        Err(["username", "password"]
            .map(|id| Violation::new(FieldPath::Inner("inputs", id.to_owned()), Rule::NulCharacter))
            .to_vec())
    );
}

#[test]
fn one_field_can_need_another() {
    let net = managed("net");
    let rule = InputRule::NeedsField { label: "Authorize".to_owned() };
    assert_eq!(
        create(&net, json!({"username": "u", "authorize_password": "p"})),
        failed_at("authorize_password", rule)
    );
    assert_eq!(
        create(&net, json!({"authorize": false, "authorize_password": "p"})),
        Ok((json!({"authorize": false}), vec![set("authorize_password", "p")]))
    );
}

#[test]
fn a_key_and_its_passphrase_go_together() {
    let missing = || failed_at("ssh_key_unlock", InputRule::PassphraseMissing);
    let unwanted = || failed_at("ssh_key_unlock", InputRule::PassphraseUnwanted);
    for namespace in ["ssh", "scm", "net"] {
        let kind = managed(namespace);
        assert_eq!(create(&kind, json!({"ssh_key_data": LOCKED_KEY})), missing());
        assert_eq!(
            create(&kind, json!({"ssh_key_data": LOCKED_KEY, "ssh_key_unlock": ""})),
            missing()
        );
        assert_eq!(
            create(&kind, json!({"ssh_key_data": PLAIN_KEY, "ssh_key_unlock": "x"})),
            unwanted()
        );
        for given in [
            json!({"ssh_key_data": PLAIN_KEY}),
            json!({"ssh_key_data": LOCKED_KEY, "ssh_key_unlock": "x"}),
            json!({"ssh_key_data": LOCKED_KEY, "ssh_key_unlock": "ASK"}),
            json!({"ssh_key_unlock": "x"}),
        ] {
            assert!(create(&kind, given.clone()).is_ok(), "{namespace} {given}");
        }
        let bad = create(&kind, json!({"ssh_key_data": "x", "ssh_key_unlock": "x"}));
        assert_eq!(bad, failed_at("ssh_key_data", InputRule::Key(KeyFault::Frame)));
    }
    // Types that people make, and types without a passphrase, have no such rule.
    assert!(create(&vendor(), json!({"key": LOCKED_KEY})).is_ok());
    assert!(create(&managed("gce"), json!({"ssh_key_data": LOCKED_KEY})).is_ok());
}

#[test]
fn the_stored_key_counts_when_it_is_kept() {
    let ssh = managed("ssh");
    let keep_key = || json!({"ssh_key_data": MASK});
    let both = || json!({"ssh_key_data": MASK, "ssh_key_unlock": MASK});
    let given = || json!({"ssh_key_data": MASK, "ssh_key_unlock": "x"});
    let store = |key| Store::of(json!({}), &["ssh_key_data", "ssh_key_unlock"]).key(key);
    let missing = failed_at("ssh_key_unlock", InputRule::PassphraseMissing);
    let unwanted = failed_at("ssh_key_unlock", InputRule::PassphraseUnwanted);
    assert_eq!(change(&ssh, &store(KeyState::Encrypted), keep_key()), missing);
    assert_eq!(change(&ssh, &store(KeyState::Plain), given()), unwanted);
    assert_eq!(change(&ssh, &store(KeyState::Plain), both()), unwanted);
    assert_eq!(
        change(&ssh, &store(KeyState::Encrypted), both()),
        Ok((json!({}), vec![kept("ssh_key_data"), kept("ssh_key_unlock")]))
    );
    let replaced = json!({"ssh_key_data": LOCKED_KEY, "ssh_key_unlock": MASK});
    assert!(change(&ssh, &store(KeyState::Plain), replaced).is_ok());
}

#[test]
fn a_change_keeps_masked_secrets_and_drops_absent_ones() {
    let ssh = managed("ssh");
    let store = Store::of(json!({"username": "old"}), &["password", "become_password"]);
    assert_eq!(
        change(&ssh, &store, json!({"username": "new", "password": MASK})),
        Ok((json!({"username": "new"}), vec![kept("password")]))
    );
    assert_eq!(change(&ssh, &store, json!({})), Ok((json!({}), vec![])));
    for blank in [json!(null), json!("")] {
        assert_eq!(change(&ssh, &store, json!({"password": blank})), Ok((json!({}), vec![])));
    }
    // The word that asks at run time is kept like the secret in whose place it stands.
    let asked = Store::of(json!({"password": "ASK"}), &[]);
    let kept = change(&ssh, &asked, json!({"password": MASK}));
    assert_eq!(kept, Ok((json!({"password": "ASK"}), vec![])));
}

#[test]
fn a_vault_id_stays() {
    let vault = managed("vault");
    let store = Store::of(json!({"vault_id": "dev"}), &["vault_password"]);
    let fixed = || failed(InputRule::VaultIdFixed);
    assert_eq!(change(&vault, &store, json!({"vault_id": "prod", "bogus": 1})), fixed());
    assert!(change(&vault, &store, json!({"vault_id": "dev", "vault_password": MASK})).is_ok());
    assert!(change(&vault, &store, json!({})).is_ok());
    let without = Store::of(json!({}), &["vault_password"]);
    assert_eq!(change(&vault, &without, json!({"vault_id": "dev"})), fixed());
    assert!(change(&vault, &without.other_type(), json!({"vault_id": "dev"})).is_ok());
    assert_eq!(
        create(&vault, json!({"vault_id": "a@b"})),
        failed_at("vault_id", InputRule::VaultIdCharacter)
    );
}

#[test]
fn kept_secrets_do_not_move() {
    let again = |changed: &str| InputRule::EnterAgain { changed: changed.to_owned() };
    let kv = managed("hashivault_kv");
    let store =
        Store::of(json!({"url": "https://a", "api_version": "v1"}), &["token", "secret_id"]);
    assert_eq!(
        change(
            &kv,
            &store,
            json!({"url": "https://b", "namespace": "n", "token": MASK, "secret_id": MASK})
        ),
        Err(vec![inner("token", again("url")), inner("secret_id", again("url"))])
    );
    assert_eq!(
        change(&kv, &store, json!({"url": "https://a", "namespace": "n", "token": MASK})),
        failed_at("token", again("namespace"))
    );
    for given in [
        json!({"url": "https://b", "token": "new"}),
        json!({"url": "https://b"}),
        json!({"url": "https://a", "api_version": "v2", "role_id": "r", "token": MASK}),
        json!({"url": "https://a", "cacert": "", "token": MASK}),
    ] {
        assert!(change(&kv, &store, given.clone()).is_ok(), "{given}");
    }
    let registry = managed("registry");
    let store = Store::of(json!({"host": "a.example", "username": "u"}), &["password"]);
    assert_eq!(
        change(&registry, &store, json!({"host": "b.example", "password": MASK})),
        failed_at("password", again("host"))
    );
    assert_eq!(
        change(&registry, &store, json!({"username": "v", "password": MASK})),
        failed_at("password", again("host"))
    );
    let same = json!({"host": "a.example", "username": "v", "verify_ssl": false, "password": MASK});
    assert!(change(&registry, &store, same).is_ok());
    // A credential of another type becomes one that sends its secrets.
    let machine = Store::of(json!({"username": "u"}), &["password"]).other_type();
    assert_eq!(
        change(&registry, &machine, json!({"host": "b.example", "password": MASK})),
        failed_at("password", again("host"))
    );
    let aws = Store::of(json!({}), &["password"]);
    assert!(change(&managed("aws"), &aws, json!({"username": "x", "password": MASK})).is_ok());
}

#[test]
fn stored_inputs_fit_another_type_or_not() {
    let store = Store::of(json!({"username": "u"}), &["password"]).other_type();
    let checked = |kind: &CredentialType| outcome(check_stored_inputs(kind, &store.view()));
    assert_eq!(checked(&managed("scm")), Ok((json!({"username": "u"}), vec![kept("password")])));
    assert_eq!(
        checked(&managed("vault")),
        failed(InputRule::UnknownInputs {
            names: vec!["password".to_owned(), "username".to_owned()]
        })
    );
    let swapped = custom(
        json!({"fields": [{"id": "username", "label": "U", "type": "string", "secret": true},
            {"id": "password", "label": "P", "type": "string"}]}),
        json!({}),
    );
    let again = || InputRule::EnterAgain { changed: "credential_type".to_owned() };
    assert_eq!(checked(&swapped), failed_at("password", again()));
    let masked = json!({"username": "u", "password": MASK});
    assert_eq!(change(&swapped, &store, masked), failed_at("password", again()));
    let clear = change(&swapped, &store, json!({"password": "in clear"}));
    assert_eq!(clear, Ok((json!({"password": "in clear"}), vec![])));
    let only_name = Store::of(json!({"username": "u"}), &[]).other_type();
    assert_eq!(
        outcome(check_stored_inputs(&swapped, &only_name.view())),
        Ok((json!({}), vec![set("username", "u")]))
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from(MASK)),
        Just(Value::from("ASK")),
        Just(Value::from("https://x.example")),
        Just(Value::from(PLAIN_KEY)),
        Just(Value::from(LOCKED_KEY)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((".{0,4}", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A type with values for some of its fields, and perhaps for one that it does not have.
fn any_inputs() -> impl Strategy<Value = (CredentialType, Map<String, Value>)> {
    let types: Vec<_> = managed_types()
        .unwrap()
        .into_iter()
        .map(|one| one.credential_type)
        .chain([vendor()])
        .collect();
    prop::sample::select(types).prop_flat_map(|kind| {
        let ids: Vec<String> = kind.fields.iter().map(|field| field.id.clone()).collect();
        let member = prop_oneof![19 => prop::sample::select(ids), 1 => "[a-z]{1,5}"];
        let members = prop::collection::vec((member, any_value()), 0..5);
        (Just(kind), members.prop_map(|members| members.into_iter().collect()))
    })
}

proptest! {
    #[test]
    fn a_check_is_idempotent((kind, given) in any_inputs()) {
        if let Ok(checked) = check_inputs(&kind, &given, None, Some(MASK)) {
            let mut again = checked.plain.clone();
            for (id, secret) in &checked.secrets {
                let SecretChange::Set(text) = secret else { panic!("kept on create") };
                again.insert(id.clone(), Value::from(text.expose_secret()));
            }
            let second = outcome(check_inputs(&kind, &again, None, Some(MASK)));
            prop_assert_eq!(second, outcome(Ok(checked)));
        }
    }

    #[test]
    fn what_was_stored_can_be_sent_back_masked((kind, given) in any_inputs()) {
        if let Ok(checked) = check_inputs(&kind, &given, None, Some(MASK)) {
            let key = match checked.secrets.get("ssh_key_data") {
                Some(SecretChange::Set(text)) => read_key(text.expose_secret()).ok(),
                _ => None,
            };
            let secrets = checked.secrets.keys().map(String::as_str).collect();
            let stored = StoredInputs { plain: &checked.plain, secrets, key, same_type: true };
            let mut sent = checked.plain.clone();
            sent.extend(checked.secrets.keys().map(|id| (id.clone(), Value::from(MASK))));
            for second in [
                check_inputs(&kind, &sent, Some(&stored), Some(MASK)),
                check_stored_inputs(&kind, &stored),
            ] {
                let second = second.unwrap();
                prop_assert_eq!(&second.plain, &checked.plain);
                prop_assert!(second.secrets.keys().eq(checked.secrets.keys()));
                prop_assert!(second.secrets.keys().all(|id| second.keeps(id)));
            }
        }
    }

    #[test]
    fn a_secret_is_in_no_violation_and_in_no_plain_value(
        (kind, mut given) in any_inputs(),
        secret in "[a-z]{16}",
        nested in any::<bool>(),
        update in any::<bool>(),
    ) {
        let Some(field) = kind.secret_fields().next() else { return Ok(()) };
        let value = if nested { json!([{"x": secret}]) } else { json!(secret) };
        given.insert(field.id.clone(), value);
        let store = Store::of(json!({}), &[]);
        let view = store.view();
        let checked = check_inputs(&kind, &given, update.then_some(&view), Some(MASK));
        let told = match &checked {
            Ok(checked) => format!("{checked:?}"),
            Err(violations) => format!("{violations:?}"),
        };
        prop_assert!(!told.contains(&secret), "{}", told);
    }

    #[test]
    fn checked_values_fit_the_store((kind, given) in any_inputs()) {
        if let Ok(checked) = check_inputs(&kind, &given, None, Some(MASK)) {
            prop_assert!(!Value::Object(checked.plain.clone()).to_string().contains("\\u0000"));
            for field in kind.secret_fields() {
                let plain = checked.plain.get(&field.id);
                prop_assert!(plain.is_none_or(|value| value == "ASK" && field.ask_at_runtime));
            }
        }
    }
}

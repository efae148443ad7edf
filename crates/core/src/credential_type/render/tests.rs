use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::credential_type::fixture::{custom, managed};

fn path_of(label: &str) -> String {
    format!("/run/{label}")
}

fn secrets(pairs: &[(&str, &str)]) -> BTreeMap<String, SecretString> {
    pairs.iter().map(|(id, text)| ((*id).to_owned(), SecretString::from(*text))).collect()
}

fn rendered(
    kind: &CredentialType,
    plain: &Value,
    secret: &[(&str, &str)],
) -> Result<Rendering, RenderFault> {
    render(kind, plain.as_object().unwrap(), &secrets(secret), &path_of)
}

fn exposed(list: &[(String, SecretString)]) -> Vec<(&str, &str)> {
    list.iter().map(|(name, text)| (name.as_str(), text.expose_secret())).collect()
}

fn one(template: &str) -> CredentialType {
    custom(
        json!({"fields": [
            {"id": "token", "label": "T", "type": "string", "secret": true},
            {"id": "host", "label": "H", "type": "string"},
            {"id": "flag", "label": "F", "type": "boolean"},
            {"id": "key", "label": "K", "type": "string", "format": "ssh_private_key", "secret": true},
        ]}),
        json!({"env": {"OUT": template}}),
    )
}

#[test]
fn a_managed_type_gets_file_and_environment() {
    let plain = json!({"host": "https://ovirt", "username": "joe"});
    let done = rendered(&managed("rhv"), &plain, &[("password", "hush")]).unwrap();
    let file = "[ovirt]\novirt_url=https://ovirt\novirt_username=joe\novirt_password=hush\n";
    assert_eq!(exposed(&done.secret.files), [("template", file)]);
    assert_eq!(
        exposed(&done.secret.env),
        [
            ("OVIRT_INI_PATH", "/run/template"),
            ("OVIRT_URL", "https://ovirt"),
            ("OVIRT_USERNAME", "joe"),
            ("OVIRT_PASSWORD", "hush"),
        ]
    );
    assert!(done.secret.extra_vars.is_none());
    assert_eq!(done.masked.files[0].1, file.replace("hush", MASKED));
    assert_eq!(done.masked.env[3], ("OVIRT_PASSWORD".to_owned(), MASKED.to_owned()));
}

#[test]
fn extra_variables_are_rendered_to_the_leaves() {
    let kind = custom(
        json!({"fields": [{"id": "token", "label": "T", "type": "string", "secret": true}]}),
        json!({"extra_vars": {"a_{{token}}": ["{{ token }}", 1, {"b": "{{ token }}"}], "c": {"d": "x"}}}),
    );
    let done = rendered(&kind, &json!({}), &[("token", "t")]).unwrap();
    let text = done.secret.extra_vars.unwrap();
    let document: Value = serde_json::from_str(text.expose_secret()).unwrap();
    assert_eq!(document, json!({"a_t": ["t", 1, {"b": "t"}], "c": {"d": "x"}}));
    assert_eq!(done.masked.extra_vars[&format!("a_{MASKED}")][0], MASKED);
}

#[test]
fn values_are_written_as_python_writes_them() {
    let plain = || json!({"host": "", "flag": true});
    for (template, plain, expected) in [
        ("{{ flag }}", plain(), "True"),
        ("{{ flag }}", json!({}), "False"),
        ("{{ host }}|{{ host is defined }}", plain(), "|False"),
        ("{{ nope }}", plain(), ""),
        ("{{ token }}{{ key }}", plain(), "hushpem\n"),
        ("{{ tower.filename }}{{ tower }}", plain(), ""),
    ] {
        let done = rendered(&one(template), &plain, &[("token", "hush"), ("key", "pem")]).unwrap();
        assert_eq!(exposed(&done.secret.env), [("OUT", expected)], "{template}");
    }
}

#[test]
fn files_see_the_paths_of_files_before_them() {
    let kind = custom(
        json!({"fields": []}),
        json!({"env": {"A": "{{ tower.filename.a }} {{ tower.filename.b }}"},
            "file": {"template.a": "{{ tower.filename.b }}", "template.b": "{{ tower.filename.a }}"}}),
    );
    let done = rendered(&kind, &json!({}), &[]).unwrap();
    assert_eq!(
        exposed(&done.secret.files),
        [("template.a", ""), ("template.b", "/run/template.a")]
    );
    assert_eq!(exposed(&done.secret.env), [("A", "/run/template.a /run/template.b")]);
}

#[test]
fn faults_tell_the_place_and_no_value() {
    let big = "x".repeat(700_000);
    for (template, cause) in [
        ("{{ nope.a.b }}", RenderCause::Failed),
        ("{{ token", RenderCause::Failed),
        ("{{ token + 1 }}", RenderCause::Failed),
        ("{{ key }}{{ key }}", RenderCause::TooLarge),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            RenderCause::TooCostly,
        ),
    ] {
        let told =
            rendered(&one(template), &json!({}), &[("token", "hush"), ("key", &big)]).unwrap_err();
        assert_eq!((told.section, told.cause), (Section::Env, cause), "{template}");
        assert!(!format!("{told} {told:?}").contains("hush"));
    }
}

proptest! {
    #[test]
    fn secrets_show_only_where_they_belong(
        secret in "[a-z]{16}",
        parts in prop::collection::vec(prop::sample::select(vec!["{{ token }}", "{{ token|upper }}", "{% if token %}", "{% endif %}", "{{ token[", "]", " }}", "x", "{{ host.a }}"]), 0..6),
    ) {
        let done = rendered(&one(&parts.concat()), &json!({"host": "h"}), &[("token", &secret)]);
        let told = match &done {
            Ok(done) => format!("{done:?}"),
            Err(fault) => format!("{fault:?} {fault}"),
        };
        prop_assert!(!told.contains(&secret) && !told.contains(&secret.to_uppercase()), "{}", told);
    }

    #[test]
    fn output_is_bounded(times in 1_usize..2_000, length in 1_usize..5_000) {
        let kind = one(&format!("{{% for a in range({times}) %}}{{{{ token }}}}{{% endfor %}}"));
        if let Ok(done) = rendered(&kind, &json!({}), &[("token", &"x".repeat(length))]) {
            prop_assert!(exposed(&done.secret.env)[0].1.len() <= 1 << 20);
            prop_assert_eq!(exposed(&done.secret.env)[0].1.len(), times * length);
        }
    }
}

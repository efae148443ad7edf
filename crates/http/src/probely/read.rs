//! From members to the members of a draft, by the framework's rules. Limits count characters.

use secrecy::SecretString;
use serde_json::{Number, Value, json};
use strongroom_core::Error;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, ValueKind};
use strongroom_core::id::ShortId;
use strongroom_core::scan::ScanRule;
use strongroom_service::{AccountCredentialDraft, LabelName, ServicePermission};

use super::error::ProbelyError;
use super::members::Members;
use super::words::{brief, type_name};

impl Members {
    /// What the body asks of a credential.
    pub(super) fn credential(&self, is_whole: bool) -> AccountCredentialDraft {
        AccountCredentialDraft {
            name: self.name("name"),
            team: self.team("team"),
            description: self.trimmed("description", DESCRIPTION_LENGTH),
            is_sensitive: self.boolean("is_sensitive"),
            value: self.value("value"),
            is_whole,
        }
    }

    /// A trimmed text that says something.
    pub(super) fn name(&self, name: &str) -> Member<String> {
        self.trimmed(name, NAME_LENGTH).check(|text| text.is_empty().then_some(Rule::Blank))
    }

    /// A user name and a password, which is not trimmed.
    pub(super) fn login(&self) -> Result<(String, SecretString), ProbelyError> {
        let mut faults = Vec::new();
        let username = self.name("username").require("username", &mut faults);
        let password = self.given("password").require("password", &mut faults);
        faultless(faults)?;
        Ok((username.unwrap_or_default(), SecretString::from(password.unwrap_or_default())))
    }

    /// A token, which is not trimmed.
    pub(super) fn token(&self) -> Result<SecretString, ProbelyError> {
        let mut faults = Vec::new();
        let token = self.given("token").require("token", &mut faults);
        faultless(faults)?;
        Ok(SecretString::from(token.unwrap_or_default()))
    }

    /// A text that is taken as it is and says something.
    fn given(&self, name: &str) -> Member<String> {
        let text = limited(self.text(name), VALUE_LENGTH);
        text.check(|text| text.is_empty().then_some(Rule::Blank))
    }

    /// A text that may be missing or empty, which is the same.
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        self.text(name).given().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The permissions of a service account.
    pub(super) fn permissions(
        &self,
        name: &str,
    ) -> Result<Member<Vec<ServicePermission>>, ProbelyError> {
        let given = match self.all.get(name) {
            None => return Ok(Member::Absent),
            Some(Value::Null) => return Ok(Member::Bad(Rule::Null)),
            Some(Value::Array(items)) => items.clone(),
            // A form has no lists; one word is a list of one.
            Some(Value::String(word)) if self.is_form => vec![Value::from(word.clone())],
            Some(other) => return Err(not_a_list(name, other)),
        };
        let known = |item: &Value| match item.as_str() {
            Some(word) => ServicePermission::from_word(word)
                .ok_or_else(|| Rule::NotAChoice { given: word.to_owned() }),
            None => Err(Rule::NotText),
        };
        let read: Result<Vec<ServicePermission>, Rule> = given.iter().map(known).collect();
        Ok(read.map_or_else(Member::Bad, Member::Given))
    }

    /// The labels of a target, each with its id or its name.
    pub(super) fn labels(&self, name: &str) -> Member<Vec<LabelName>> {
        self.items(name, |item| {
            let text = |member: &str| item.get(member).and_then(Value::as_str).map(str::trim);
            match (text("id"), text("name"), item.as_str().map(str::trim)) {
                (Some(id), ..) => id
                    .parse()
                    .map(LabelName::Id)
                    .map_err(|_| Rule::UnknownObject { given: brief(id) }),
                (None, Some(name), _) | (None, None, Some(name)) => label_name(name),
                (None, None, None) => Err(Rule::NotText),
            }
        })
    }

    /// The teams of a target, each with its id or as an object that has one.
    pub(super) fn teams(&self, name: &str) -> Member<Vec<ShortId>> {
        self.items(name, |item| {
            let id = item.get("id").and_then(Value::as_str).or_else(|| item.as_str());
            let id = id.ok_or(Rule::NotText)?;
            id.parse().map_err(|_| Rule::UnknownObject { given: brief(id) })
        })
    }

    /// 400 for an agent that is to scan: there are none.
    pub(super) fn no_scanning_agent(&self) -> Result<(), ProbelyError> {
        let agent = self.all.get("scanning_agent").filter(|agent| !agent.is_null());
        let Some(agent) = agent else { return Ok(()) };
        let id = agent.get("id").and_then(Value::as_str).or_else(|| agent.as_str());
        let given = brief(id.unwrap_or_default());
        Ok(Err(Error::invalid("scanning_agent", Rule::UnknownObject { given }))?)
    }

    fn items<T>(&self, name: &str, read: impl Fn(&Value) -> Result<T, Rule>) -> Member<Vec<T>> {
        match self.all.get(name) {
            None => Member::Absent,
            Some(Value::Null) => Member::Bad(Rule::Null),
            Some(Value::Array(items)) if ITEMS_AT_ONCE < items.len() => {
                Member::Bad(Rule::Scan(ScanRule::TooMany { max: ITEMS_AT_ONCE }))
            }
            Some(Value::Array(items)) => {
                let read: Result<Vec<T>, Rule> = items.iter().map(read).collect();
                read.map_or_else(Member::Bad, Member::Given)
            }
            Some(_) => Member::Bad(Rule::Scan(ScanRule::NotAList)),
        }
    }

    /// A list of ids, of which none need be one.
    pub(super) fn ids(&self, name: &str) -> Result<Vec<String>, ProbelyError> {
        let fields = |message: Value| {
            Err(ProbelyError::Fields(Value::Object(
                [(name.to_owned(), message)].into_iter().collect(),
            )))
        };
        match self.all.get(name) {
            None => fields(json!(["This field is required."])),
            Some(Value::Null) => fields(json!(["This field may not be null."])),
            Some(Value::Array(items)) if IDS_AT_ONCE < items.len() => fields(json!([format!(
                "Ensure this field has no more than {IDS_AT_ONCE} elements."
            )])),
            Some(Value::Array(items)) => {
                let wrong: serde_json::Map<String, Value> = items
                    .iter()
                    .enumerate()
                    .filter(|(_, item)| !item.is_string())
                    .map(|(index, _)| (index.to_string(), json!(["Not a valid string."])))
                    .collect();
                if !wrong.is_empty() {
                    return fields(Value::Object(wrong));
                }
                Ok(items.iter().filter_map(Value::as_str).map(brief).collect())
            }
            // A form repeats the name of a list.
            Some(last @ Value::String(_)) if self.is_form => {
                let earlier = self.earlier.get(name).into_iter().flatten();
                let ids: Option<Vec<&str>> = earlier.chain([last]).map(Value::as_str).collect();
                match ids {
                    Some(ids) if ids.len() <= IDS_AT_ONCE => {
                        Ok(ids.into_iter().map(brief).collect())
                    }
                    Some(_) => fields(json!([format!(
                        "Ensure this field has no more than {IDS_AT_ONCE} elements."
                    )])),
                    None => fields(json!(["Not a valid string."])),
                }
            }
            Some(other) => Err(not_a_list(name, other)),
        }
    }

    /// The value of a credential, not trimmed, or null.
    fn value(&self, name: &str) -> Member<Option<SecretString>> {
        match self.all.get(name) {
            Some(Value::Null) => Member::Given(None),
            _ => limited(self.text(name), VALUE_LENGTH).map(|text| Some(SecretString::from(text))),
        }
    }

    pub(super) fn trimmed(&self, name: &str, max: usize) -> Member<String> {
        limited(self.text(name).map(|text| text.trim().to_owned()), max)
    }

    /// A text; a number counts as its text.
    fn text(&self, name: &str) -> Member<String> {
        let text = match self.all.get(name) {
            None => return Member::Absent,
            Some(Value::Null) => return Member::Bad(Rule::Null),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => match number_as_sent(number) {
                Some(text) => text,
                None => return Member::Bad(Rule::NotText),
            },
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Member::Bad(Rule::NotText);
            }
        };
        match text.contains('\0') {
            true => Member::Bad(Rule::NulCharacter),
            false => Member::Given(text),
        }
    }

    /// A boolean, as such, as 0 or 1, or as a word.
    fn boolean(&self, name: &str) -> Member<bool> {
        match self.all.get(name) {
            None => Member::Absent,
            Some(Value::Null) => Member::Bad(Rule::Null),
            Some(Value::Bool(value)) => Member::Given(*value),
            Some(Value::Number(number)) => match number.as_f64() {
                Some(1.0) => Member::Given(true),
                Some(0.0) => Member::Given(false),
                _ => Member::Bad(Rule::NotBoolean),
            },
            Some(Value::String(word)) => match word.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "on" | "yes" | "t" | "y" => Member::Given(true),
                "false" | "0" | "off" | "no" | "f" | "n" => Member::Given(false),
                _ => Member::Bad(Rule::NotBoolean),
            },
            Some(Value::Array(_) | Value::Object(_)) => Member::Bad(Rule::NotBoolean),
        }
    }

    /// A team's id, or null; in a form the empty text means null.
    fn team(&self, name: &str) -> Member<Option<ShortId>> {
        let given = match self.all.get(name) {
            None => return Member::Absent,
            Some(Value::Null) => return Member::Given(None),
            Some(Value::String(text)) if text.is_empty() && self.is_form => {
                return Member::Given(None);
            }
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(other) => return Member::Bad(Rule::NotAnId { given: ValueKind::from(other) }),
        };
        match given.parse() {
            Ok(id) => Member::Given(Some(id)),
            Err(_) => Member::Bad(Rule::UnknownObject { given }),
        }
    }
}

/// The text of a number; none for one so large that its last digits are lost, so that no secret is stored other than
/// it was sent.
fn number_as_sent(number: &Number) -> Option<String> {
    let is_exact = number.as_f64().is_none_or(|float| float.abs() < EXACT);
    (!number.is_f64() || is_exact).then(|| number.to_string())
}

fn label_name(name: &str) -> Result<LabelName, Rule> {
    match name {
        "" => Err(Rule::Blank),
        name if name.contains('\0') => Err(Rule::NulCharacter),
        name if NAME_LENGTH < name.chars().count() => Err(Rule::TooLong { max: NAME_LENGTH }),
        name => Ok(LabelName::Name(name.to_owned())),
    }
}

fn limited(text: Member<String>, max: usize) -> Member<String> {
    text.check(|text| (max < text.chars().count()).then_some(Rule::TooLong { max }))
}

fn not_a_list(name: &str, given: &Value) -> ProbelyError {
    let given = type_name(ValueKind::from(given));
    let sentence = format!("Expected a list of items but got type \"{given}\".");
    ProbelyError::Fields(json!({name: [sentence]}))
}

/// Below this every integer has a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;
const NAME_LENGTH: usize = 255;
const DESCRIPTION_LENGTH: usize = 1024;
const VALUE_LENGTH: usize = 65_536;
const IDS_AT_ONCE: usize = 1000;
const ITEMS_AT_ONCE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    fn members(value: Value) -> Members {
        let all = [("x".to_owned(), value)].into_iter().collect();
        Members { all, ..Members::default() }
    }

    #[test]
    fn texts_are_trimmed_but_values_are_not() {
        assert_eq!(members(json!(" a ")).name("x"), Member::Given("a".to_owned()));
        assert_eq!(members(json!("  ")).name("x"), Member::Bad(Rule::Blank));
        assert_eq!(members(json!(7)).name("x"), Member::Given("7".to_owned()));
        assert_eq!(members(json!("a\0")).name("x"), Member::Bad(Rule::NulCharacter));
        for other in [json!(true), json!([]), json!({})] {
            assert_eq!(members(other).name("x"), Member::Bad(Rule::NotText));
        }
        let value = |given: Value| match members(given).value("x") {
            Member::Given(value) => value.map(|value| value.expose_secret().to_owned()),
            other => panic!("{other:?}"),
        };
        assert_eq!(value(json!(" a\n")), Some(" a\n".to_owned()));
        assert_eq!(value(json!("")), Some(String::new()));
        assert_eq!(value(json!(1.5)), Some("1.5".to_owned()));
        assert_eq!(value(json!(u64::MAX)), Some(u64::MAX.to_string()));
        let long: Value = serde_json::from_str("12345678901234567890123").unwrap();
        assert!(matches!(members(long).value("x"), Member::Bad(Rule::NotText)));
        assert_eq!(value(json!(null)), None);
    }

    #[test]
    fn limits_count_characters() {
        for (length, fits) in [(NAME_LENGTH, true), (NAME_LENGTH + 1, false)] {
            let read = members(json!("\u{e9}".repeat(length))).name("x");
            assert_eq!(matches!(read, Member::Given(_)), fits, "{length}");
        }
    }

    #[test]
    fn booleans_are_words_too() {
        for (given, read) in [
            (json!(true), Some(true)),
            (json!(0), Some(false)),
            (json!("ON"), Some(true)),
            (json!(" n "), Some(false)),
            (json!("maybe"), None),
            (json!(2), None),
            (json!(""), None),
            (json!([]), None),
        ] {
            let member = members(given.clone()).boolean("x");
            assert_eq!(member.given().copied(), read, "{given}");
        }
        assert_eq!(members(json!(null)).boolean("x"), Member::Bad(Rule::Null));
    }

    #[test]
    fn a_team_is_a_short_id_or_null() {
        let id: ShortId = "4DY4qGohso1r".parse().unwrap();
        assert_eq!(members(json!("4DY4qGohso1r")).team("x"), Member::Given(Some(id)));
        assert_eq!(members(json!(null)).team("x"), Member::Given(None));
        for given in ["", "1", "4DY4qGohso1O"] {
            let rule = Rule::UnknownObject { given: given.to_owned() };
            assert_eq!(members(json!(given)).team("x"), Member::Bad(rule));
        }
        let form = Members { is_form: true, ..members(json!("")) };
        assert_eq!(form.team("x"), Member::Given(None));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just(json!([1])),
            Just(json!({"a": 1})),
        ]
    }

    proptest! {
        #[test]
        fn a_text_that_is_read_keeps_its_rules(value in any_value()) {
            if let Member::Given(read) = members(value).name("x") {
                prop_assert!(!read.is_empty() && !read.contains('\0'));
                prop_assert_eq!(read.trim(), &read);
            }
        }

        #[test]
        fn a_value_is_kept_to_the_last_character(text in any::<String>()) {
            match members(json!(text)).value("x") {
                Member::Given(Some(read)) => prop_assert_eq!(read.expose_secret(), &text),
                other => prop_assert!(text.contains('\0'), "{:?}", other),
            }
        }
    }
}

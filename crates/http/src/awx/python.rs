//! How AWX, a Python program, writes values and their types into its texts.

use serde_json::Value;
use strongroom_core::error::ValueKind;

/// The name of a value's type.
pub(super) const fn type_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "NoneType",
        ValueKind::Boolean => "bool",
        ValueKind::Integer => "int",
        ValueKind::Float => "float",
        ValueKind::Text => "str",
        ValueKind::List => "list",
        ValueKind::Object => "dict",
    }
}

/// A value as `repr` writes it.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number_text(number),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), repr(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// A value as `str` writes it: a text stands for itself.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// Texts as the `repr` of a list.
pub(super) fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A text in quotation marks: single ones, unless only the text holds single ones.
pub(super) fn quoted(text: &str) -> String {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for character in text.chars() {
        push_escaped(&mut out, character, mark);
    }
    out.push(mark);
    out
}

/// A number as `str` writes it.
pub(super) fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float_text(float),
        _ => number.to_string(),
    }
}

/// Python writes an exponent with a sign and two digits, outside of 1e-4 to 1e16.
fn float_text(float: f64) -> String {
    if float == 0.0 || (1e-4..1e16).contains(&float.abs()) {
        return format!("{float:?}");
    }
    let text = format!("{float:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    match exponent.strip_prefix('-') {
        Some(digits) => format!("{mantissa}e-{digits:0>2}"),
        None => format!("{mantissa}e+{exponent:0>2}"),
    }
}

fn push_escaped(out: &mut String, character: char, mark: char) {
    match character {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c == mark => {
            out.push('\\');
            out.push(c);
        }
        c if c.is_control() => {
            let code = u32::from(c);
            let escape =
                if code < 0x100 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") };
            out.push_str(&escape);
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_python_does() {
        for (value, text) in [
            (json!(null), "None"),
            (json!(true), "True"),
            (json!(5), "5"),
            (json!(-1.5), "-1.5"),
            (json!(1.0), "1.0"),
            (json!(1e20), "1e+20"),
            (json!(1.5e-7), "1.5e-07"),
            (json!("it's"), "\"it's\""),
            (json!("a'b\"c"), "'a\\'b\"c'"),
            (json!("a\n\u{1}é"), "'a\\n\\x01é'"),
            (json!(["x", 1]), "['x', 1]"),
            (json!({"a": {}}), "{'a': {}}"),
        ] {
            assert_eq!(repr(&value), text);
        }
    }

    #[test]
    fn a_text_alone_has_no_quotation_marks() {
        assert_eq!(plain(&json!("yes")), "yes");
        assert_eq!(plain(&json!(false)), "False");
        assert_eq!(list(&["a".to_owned(), "b".to_owned()]), "['a', 'b']");
    }
}

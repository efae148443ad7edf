use proptest::prelude::*;

use super::*;

fn fault(template: &str) -> Option<TemplateFault> {
    Trial::new(&["token".to_owned()], &[]).fault(template)
}

fn member(object: TemplateObject, member: &str) -> TemplateFault {
    TemplateFault::UndefinedMember { object, member: member.to_owned() }
}

#[test]
fn usable_templates_have_no_fault() {
    for template in [
        "",
        "plain",
        "{{ token }}",
        "{% if token %}{{ token | upper }}{% endif %}",
        "{{ token.split('/')[0] }}{{ token.replace('a', 'b').strip() }}",
        "{{ token | default('x') }}{{ nope is defined }}{{ nope | default('x') }}",
        "{{ token | tojson }}{{ token | urlencode }}",
        "{% for part in [token, 1, true] %}{{ loop.index }}{{ part }}{% endfor %}",
    ] {
        assert_eq!(fault(template), None, "{template}");
    }
}

#[test]
fn faults_name_what_is_undefined() {
    let name = |name: &str| TemplateFault::UndefinedName(name.to_owned());
    for (template, expected) in [
        ("{{ api_tolkien }}", name("api_tolkien")),
        ("{{ token ~ nope }}", name("nope")),
        ("{{ range(nope) }}", name("nope")),
        ("{% for a in nope %}{% endfor %}", name("nope")),
        ("{{ nope.a }}", name("nope")),
        ("{{ nope() }}", name("nope")),
        ("{{ debug() }}", name("debug")),
        ("{{ token.a }}", member(TemplateObject::Value, "a")),
        ("{{ token['a'] }}", member(TemplateObject::Value, "a")),
        ("{{ token.nope() }}", member(TemplateObject::Value, "nope")),
        ("{{ tower.a }}", member(TemplateObject::Tower, "a")),
        ("{{ tower.filename.a }}", member(TemplateObject::Files, "a")),
        ("{{ tower.filename }}", TemplateFault::NoUnnamedFile),
        ("{{ tower.filename ~ 'a' }}", TemplateFault::NoUnnamedFile),
        ("{{ tower }}", TemplateFault::BareTower),
        ("{{ tower | string | upper }}", TemplateFault::BareTower),
    ] {
        assert_eq!(fault(template), Some(expected), "{template}");
    }
}

#[test]
fn unsafe_members_are_told_apart() {
    for template in
        ["{{ token.__class__ }}", "{{ token.__class__.__mro__ }}", "{{ token['__class__'] }}"]
    {
        let expected = TemplateFault::Unsafe { member: "__class__".to_owned() };
        assert_eq!(fault(template), Some(expected), "{template}");
    }
}

#[test]
fn unreadable_templates_are_syntax_faults() {
    for template in [
        "{{ token",
        "{% if %}",
        "{{ token | nope }}",
        "{{ token is nope }}",
        "{% nope %}",
        "{% include 'a' %}",
        "{{ token + 1 }}",
    ] {
        let told = fault(template);
        assert!(
            matches!(&told, Some(TemplateFault::Syntax(text)) if !text.is_empty()),
            "{template} {told:?}"
        );
    }
}

#[test]
fn costly_templates_end_soon() {
    let grow = "{% set a = 'x' * 100 %}".to_owned()
        + &"{% set a = a.replace('x', a) %}".repeat(20)
        + "{{ a }}";
    for template in [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 99999999 }}",
        "{{ token | indent(99999999) }}",
        "{{ '%999999999d' | format(1) }}",
        "{% for a in range(99999) %}{{ 'abcdefghijklmnopqrstuvwxyz' }}{% endfor %}",
        &grow,
    ] {
        assert_eq!(fault(template), Some(TemplateFault::TooCostly), "{template}");
    }
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000));
    assert!(fault(&deep).is_some());
}

#[test]
fn all_templates_share_one_budget() {
    let mut trial = Trial::new(&[], &[]);
    let template = "{% for a in range(9999) %}{{ a }}{% endfor %}";
    let faults: Vec<_> = (0..200).map(|_| trial.fault(template)).collect();
    assert_eq!((&faults[0], &faults[199]), (&None, &Some(TemplateFault::TooCostly)));
}

proptest! {
    #[test]
    fn no_template_panics(parts in prop::collection::vec(
        prop::sample::select(vec!["{{ ", " }}", "{% ", " %}", "if ", "for a in ", "endif", "endfor", "token", "tower", ".filename",
            "|upper", "|join('x')", "['a']", "(", ")", "*9", "~", "'", "set a = ", "macro m()", "-", "é", "\n", "{#", "#}", ".__x", " is ", "%"]),
        0..24,
    )) {
        let _ = fault(&parts.concat());
    }
}

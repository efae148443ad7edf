//! What the dialect shows of targets, sequences, extra hosts, domains and labels. Their settings are documents already;
//! what the product's clients insist on besides is added here.

use serde_json::{Map, Value, json};
use strongroom_core::scan::ScanKind;
use strongroom_service::{AccountPerson, ScanLabel, ScanObject};

use super::wire::{person, time};

/// One of them, member for member.
pub(super) fn shown(object: &ScanObject) -> Value {
    let mut members = object.settings.clone();
    members.insert("id".to_owned(), json!(object.identity.short_id.as_str()));
    add_change(&mut members, object);
    match object.kind {
        ScanKind::Target => add_target(&mut members, object),
        ScanKind::ExtraHost => add_verification(&mut members),
        ScanKind::Sequence => {}
        ScanKind::Domain => {
            add_verification(&mut members);
            let hostname = members.get("hostname").cloned().unwrap_or_default();
            members.insert("name".to_owned(), hostname);
        }
    }
    if let Some(target) = &object.target {
        members.insert("target".to_owned(), in_short(target));
    }
    Value::Object(members)
}

/// A sequence without its steps, as lists show it unless asked.
pub(super) fn without_content(mut shown: Value) -> Value {
    if let Some(members) = shown.as_object_mut() {
        members.remove("content");
    }
    shown
}

/// A label.
pub(super) fn label(label: &ScanLabel) -> Value {
    json!({
        "id": label.short_id.as_str(),
        "name": label.name,
        "color": label.color,
        "changed": time(label.changed),
        "changed_by": changer(label.changed_by.as_ref()),
    })
}

fn add_target(members: &mut Map<String, Value>, target: &ScanObject) {
    if let Some(Value::Object(site)) = members.get_mut("site") {
        add_site(site, target);
    }
    for name in ["lows", "mediums", "highs", "criticals", "risk"] {
        members.insert(name.to_owned(), Value::Null);
    }
    for name in ["last_scan", "running_scan", "next_scan", "scanning_agent", "blackout_period"] {
        members.insert(name.to_owned(), Value::Null);
    }
    members.insert("login_video".to_owned(), Value::Null);
    members.insert("allowed_scan_profiles".to_owned(), json!([]));
    members.insert("assets".to_owned(), target.extra_hosts.iter().map(shown).collect());
    members.insert("labels".to_owned(), target.labels.iter().map(label).collect());
    members.insert("teams".to_owned(), teams(target));
}

fn add_site(site: &mut Map<String, Value>, target: &ScanObject) {
    site.insert("id".to_owned(), json!(target.identity.short_id.as_str()));
    let address = site.get("url").and_then(Value::as_str).unwrap_or_default();
    let host = url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    site.insert("host".to_owned(), json!(host.unwrap_or_default()));
    add_change(site, target);
    add_verification(site);
}

/// Nothing is verified here.
fn add_verification(members: &mut Map<String, Value>) {
    members.insert("verified".to_owned(), json!(false));
    members.insert("stack".to_owned(), json!([]));
    members.insert("verification_date".to_owned(), Value::Null);
    for name in ["verification_token", "verification_method", "verification_last_error"] {
        members.insert(name.to_owned(), json!(""));
    }
}

fn add_change(members: &mut Map<String, Value>, object: &ScanObject) {
    members.insert("created".to_owned(), json!(time(object.created)));
    members.insert("changed".to_owned(), json!(time(object.changed)));
    members.insert("changed_by".to_owned(), changer(object.changed_by.as_ref()));
}

fn changer(by: Option<&AccountPerson>) -> Value {
    serde_json::to_value(person(by)).unwrap_or_default()
}

fn teams(target: &ScanObject) -> Value {
    let shown = |team: &strongroom_core::record::Team| json!({"id": team.identity.short_id.as_str(), "name": team.name});
    target.teams.iter().map(shown).collect()
}

/// A target as its sequences and extra hosts mention it.
fn in_short(target: &ScanObject) -> Value {
    let whole = shown(target);
    json!({
        "id": whole["id"],
        "name": whole["site"]["name"],
        "site": whole["site"],
        "type": whole["type"],
        "desc": whole["site"]["desc"],
        "labels": whole["labels"],
        "has_assets": !target.extra_hosts.is_empty(),
        "report_fileformat": whole["report_fileformat"],
        "scanning_agent": Value::Null,
        "teams": whole["teams"],
        "blackout_period": Value::Null,
    })
}

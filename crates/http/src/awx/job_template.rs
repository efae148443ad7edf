//! Job templates: AWX's object and the credentials attached to it. Nothing is run.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use strongroom_core::credential_type::read_inputs;
use strongroom_core::draft::Member;
use strongroom_core::error::{Rule, ValueKind};
use strongroom_core::id::{Kind, Ref};
use strongroom_service::JobTemplateDraft;
use strongroom_service::list::Field;
use strongroom_service::view::{CredentialSummary, JobTemplateView};

use super::call::Call;
use super::error::{AwxError, Outcome, in_body};
use super::mode::Mode;
use super::model::{self, Access, Info, Model, Start};
use super::read::{self, Body, Read, TextRule};
use super::reply::{created, done, shown};
use super::wire::{Links, Members, Named, ObjectRole, UserSummary, object_roles};
use super::{attach, credential, list, named, options, organization, python, time};

const fn asks(name: &'static str, label: &'static str) -> Info {
    flag(name, label)
}

const fn flag(name: &'static str, label: &'static str) -> Info {
    Info::of(name, "boolean", label, Access::Optional(Start::False))
}

const fn text(name: &'static str, label: &'static str) -> Info {
    Info::of(name, "string", label, Access::Optional(Start::Empty))
}

const fn related_id(name: &'static str, label: &'static str) -> Info {
    Info::of(name, "id", label, Access::Optional(Start::Null))
}

const fn number(name: &'static str, label: &'static str, start: Start) -> Info {
    Info::of(name, "integer", label, Access::Optional(start))
}

/// A job template as AWX sees it.
pub(super) const MODEL: Model = Model {
    kind: Kind::JobTemplate,
    word: "job_template",
    label: "Job Template",
    collection: "job_templates",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        model::NAME,
        model::DESCRIPTION,
        Info::of("job_type", "choice", "Job Type", Access::Optional(Start::Word("run")))
            .choices(JOB_TYPES)
            .computed(),
        related_id("inventory", "Inventory").computed(),
        related_id("project", "Project").computed(),
        text("playbook", "Playbook").at_most(LONG).computed(),
        text("scm_branch", "SCM Branch").at_most(LONG).computed(),
        number("forks", "Forks", Start::Zero).at_least(0).computed(),
        text("limit", "Limit").computed(),
        Info::of("verbosity", "choice", "Verbosity", Access::Optional(Start::Zero))
            .choices(VERBOSITIES)
            .computed(),
        Info::of("extra_vars", "json", "Extra Vars", Access::Optional(Start::Empty)).computed(),
        text("job_tags", "Job Tags").computed(),
        flag("force_handlers", "Force Handlers").computed(),
        text("skip_tags", "Skip Tags").computed(),
        text("start_at_task", "Start At Task").at_most(LONG).computed(),
        number("timeout", "Timeout", Start::Zero)
            .help("The amount of time (in seconds) to run before the task is canceled.")
            .computed(),
        flag("use_fact_cache", "Use Fact Cache").computed(),
        related_id("organization", "Organization")
            .help("The organization used to determine access to this template."),
        Info::shown("last_job_run", "datetime", "Last Job Run").computed(),
        Info::shown("last_job_failed", "boolean", "Last Job Failed").computed(),
        Info::shown("next_job_run", "datetime", "Next Job Run").computed(),
        Info::shown("status", "choice", "Status").choices(STATUSES).computed(),
        related_id("execution_environment", "Execution Environment").computed(),
        text("host_config_key", "Host Config Key").at_most(LONG).computed(),
        asks("ask_scm_branch_on_launch", "Ask SCM Branch On Launch").computed(),
        asks("ask_diff_mode_on_launch", "Ask Diff Mode On Launch").computed(),
        asks("ask_variables_on_launch", "Ask Variables On Launch").computed(),
        asks("ask_limit_on_launch", "Ask Limit On Launch").computed(),
        asks("ask_tags_on_launch", "Ask Tags On Launch").computed(),
        asks("ask_skip_tags_on_launch", "Ask Skip Tags On Launch").computed(),
        asks("ask_job_type_on_launch", "Ask Job Type On Launch").computed(),
        asks("ask_verbosity_on_launch", "Ask Verbosity On Launch").computed(),
        asks("ask_inventory_on_launch", "Ask Inventory On Launch").computed(),
        asks("ask_credential_on_launch", "Ask Credential On Launch").computed(),
        asks("ask_execution_environment_on_launch", "Ask Execution Environment On Launch").computed(),
        asks("ask_labels_on_launch", "Ask Labels On Launch").computed(),
        asks("ask_forks_on_launch", "Ask Forks On Launch").computed(),
        asks("ask_job_slice_count_on_launch", "Ask Job Slice Count On Launch").computed(),
        asks("ask_timeout_on_launch", "Ask Timeout On Launch").computed(),
        asks("ask_instance_groups_on_launch", "Ask Instance Groups On Launch").computed(),
        flag("survey_enabled", "Survey Enabled").computed(),
        flag("become_enabled", "Become Enabled").computed(),
        flag("diff_mode", "Diff Mode")
            .help("If enabled, textual changes made to any templated files on the host are shown in the standard output")
            .computed(),
        flag("allow_simultaneous", "Allow Simultaneous").computed(),
        Info::shown("custom_virtualenv", "string", "Custom virtualenv").computed(),
        number("job_slice_count", "Job Slice Count", Start::One).at_least(0).computed(),
        Info::of("webhook_service", "choice", "Webhook Service", Access::Optional(Start::Empty))
            .choices(WEBHOOK_SERVICES)
            .computed(),
        Info::shown("webhook_credential", "id", "Webhook Credential").computed(),
        flag("prevent_instance_group_fallback", "Prevent Instance Group Fallback").computed(),
    ],
    fields: &[
        ("id", Field::Id),
        ("name", Field::Name),
        ("description", Field::Description),
        ("created", Field::Created),
        ("modified", Field::Modified),
        ("created_by", Field::CreatedBy),
        ("modified_by", Field::ModifiedBy),
        ("organization", Field::Organization),
    ],
    closed: &[],
    searched: &[("description", Field::Description), ("name", Field::Name)],
    roles: &["admin_role", "execute_role", "read_role"],
};

#[derive(Debug, Serialize)]
struct Summaries<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserSummary<'a>>,
    object_roles: Members<ObjectRole>,
    user_capabilities: Capabilities,
    labels: Labels,
    recent_jobs: [(); 0],
    credentials: Vec<Attached<'a>>,
}

/// What the caller may do; nothing is started, scheduled or copied here.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the object")]
struct Capabilities {
    edit: bool,
    delete: bool,
    start: bool,
    schedule: bool,
    copy: bool,
}

#[derive(Debug, Serialize)]
struct Labels {
    count: i64,
    results: [(); 0],
}

/// An attached credential, as every reader of the template sees it.
#[derive(Debug, Serialize)]
struct Attached<'a> {
    id: i64,
    name: &'a str,
    description: &'a str,
    kind: Option<&'a str>,
    cloud: bool,
}

impl<'a> From<&'a CredentialSummary> for Attached<'a> {
    fn from(credential: &'a CredentialSummary) -> Self {
        Self {
            id: credential.id,
            name: &credential.name,
            description: &credential.description,
            kind: credential.credential_type.namespace.as_deref(),
            cloud: credential.credential_type.kind == "cloud",
        }
    }
}

fn wire(view: &JobTemplateView, with_name: bool) -> Outcome<Members<Value>> {
    let template = &view.job_template;
    let id = template.identity.id;
    let summaries = Summaries {
        organization: view.organization.as_ref().map(Named::from),
        created_by: view.created_by.as_ref().map(UserSummary::from),
        modified_by: view.modified_by.as_ref().map(UserSummary::from),
        object_roles: object_roles(&view.roles),
        user_capabilities: Capabilities {
            edit: view.may_change,
            delete: view.may_delete,
            start: false,
            schedule: false,
            copy: false,
        },
        labels: Labels { count: 0, results: [] },
        recent_jobs: [],
        credentials: view.credentials.iter().map(Attached::from).collect(),
    };
    let json = |value: serde_json::Result<Value>| value.map_err(strongroom_core::Error::internal);
    let related = json(serde_json::to_value(related(view, with_name)))?;
    let summaries = json(serde_json::to_value(summaries))?;
    let head = Members::default()
        .with("id", json!(id))
        .with("type", json!(MODEL.word))
        .with("url", json!(MODEL.url(id)))
        .with("related", related)
        .with("summary_fields", summaries)
        .with("created", json!(time::text(template.stamp.created)))
        .with("modified", json!(time::text(template.stamp.modified)))
        .with("name", json!(template.name))
        .with("description", json!(template.description));
    Ok(details().fold(head, |members, info| {
        let value = match info.name {
            "organization" => json!(template.organization_id),
            name => template.details.get(name).cloned().unwrap_or_else(|| first(info)),
        };
        members.with(info.name, value)
    }))
}

fn related(view: &JobTemplateView, with_name: bool) -> Links {
    let template = &view.job_template;
    let named = with_name.then(|| {
        let organization = view.organization.as_ref().map_or("", |organization| &organization.name);
        let segment = named::segment(&[&[&template.name], &[organization]]);
        format!("/api/v2/job_templates/{segment}/")
    });
    Links::makers(view.created_by.as_ref(), view.modified_by.as_ref())
        .led_by(named)
        .with_some("organization", template.organization_id.map(|id| organization::MODEL.url(id)))
        .below(
            &MODEL,
            template.identity.id,
            &["credentials", "activity_stream", "access_list", "object_roles"],
        )
}

/// The members that are AWX's own, in its order.
fn details() -> impl Iterator<Item = &'static Info> {
    MODEL.members.iter().skip_while(|info| info.name != "job_type")
}

/// What a member is when nothing was said.
fn first(info: &Info) -> Value {
    match info.access {
        Access::Optional(start) => options::default(start).unwrap_or_default(),
        _ => match info.name {
            "last_job_failed" => json!(false),
            "status" => json!("never updated"),
            _ => Value::Null,
        },
    }
}

fn draft(body: &Body, mode: Mode) -> JobTemplateDraft {
    // An empty body asks for nothing, so that only what is missing is told.
    let whole = match mode {
        Mode::Create => !body.is_empty(),
        Mode::Replace => true,
        Mode::Change => false,
    };
    let given = details().filter(|info| info.is_given() && info.name != "organization");
    let detail = |info: &'static Info| {
        let member = detail(body, info);
        (info.name, if whole { member.or_given(first(info)) } else { member })
    };
    JobTemplateDraft {
        name: mode.required(read::text(body, "name", TextRule::required(512))),
        description: mode.or(read::text(body, "description", TextRule::FREE), String::new()),
        organization: mode.or(read::optional_id(body, "organization"), None),
        details: given.map(detail).collect(),
    }
}

/// A detail as it is kept, if it can be read.
fn detail(body: &Body, info: &Info) -> Member<Value> {
    match (info.kind, info.name) {
        ("boolean", name) => read::boolean(body, name).map(Value::from),
        ("id", name) => foreign_id(body, name),
        ("integer", "timeout") => read::whole_number(body, "timeout").map(Value::from),
        ("integer", name) => read::count(body, name).map(Value::from),
        ("choice", name) => choice(body, name, info.choices),
        ("json", name) => variables(body, name),
        (_, name) => {
            let max = info.max_length.map(|max| usize::try_from(max).unwrap_or(usize::MAX));
            read::text(body, name, TextRule { blank: true, max }).map(Value::from)
        }
    }
}

/// The id of something that this server does not have: any positive integer is kept.
fn foreign_id(body: &Body, name: &str) -> Member<Value> {
    match body.get(name) {
        None => Member::Absent,
        Some(Value::Null) => Member::Given(Value::Null),
        Some(Value::String(text)) if text.is_empty() => Member::Given(Value::Null),
        Some(value) => match read::integer(value) {
            Read::Integer(id) if 0 < id => Member::Given(json!(id)),
            Read::Integer(id) => Member::Bad(Rule::UnknownObject { given: id.to_string() }),
            Read::Beyond(given) => Member::Bad(Rule::UnknownObject { given }),
            Read::Other => Member::Bad(Rule::NotAnId { given: ValueKind::from(value) }),
        },
    }
}

/// One of the choices; numbers stand as numbers.
fn choice(body: &Body, name: &str, choices: &[(&str, &str)]) -> Member<Value> {
    let Some(value) = body.get(name) else { return Member::Absent };
    if value.is_null() {
        return Member::Bad(Rule::Null);
    }
    let given = python::plain(value);
    let known = choices.iter().any(|(known, _)| *known == given) && !value.is_boolean();
    if !known {
        return Member::Bad(Rule::NotAChoice { given: given.chars().take(64).collect() });
    }
    Member::Given(given.parse::<i64>().map_or_else(|_| json!(given), Value::from))
}

/// The text of a mapping in JSON or YAML, kept as it was sent.
fn variables(body: &Body, name: &str) -> Member<Value> {
    match body.get(name) {
        None => Member::Absent,
        Some(Value::Null) => Member::Given(json!("")),
        Some(Value::String(text)) if text.contains('\0') => Member::Bad(Rule::NulCharacter),
        Some(Value::String(text)) if text.trim().is_empty() || text.trim() == "---" => {
            Member::Given(json!(text))
        }
        Some(Value::String(text)) => match read_inputs(json!(text)) {
            Ok(_) => Member::Given(json!(text)),
            Err(_) => Member::Bad(Rule::NotAMapping),
        },
        Some(_) => Member::Bad(Rule::NotText),
    }
}

/// `GET /api/v2/job_templates/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    let fetch = |request| call.room.list_job_templates(&call.actor, request);
    list::page(&call, &MODEL, fetch, |view| list::element(&wire(view, false)?)).await
}

/// `POST /api/v2/job_templates/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    let draft = draft(&call.body, Mode::Create);
    let made = in_body(call.room.create_job_template(&call.actor, draft).await, Kind::JobTemplate)?;
    Ok(created(&wire(&made, true)?, &MODEL.url(made.job_template.identity.id)))
}

/// `GET /api/v2/job_templates/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::JobTemplate).await?;
    Ok(shown(&wire(&call.room.read_job_template(&call.actor, &id).await?, true)?))
}

/// `PUT /api/v2/job_templates/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/job_templates/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = call.target(Kind::JobTemplate).await?;
    let draft = draft(&call.body, mode);
    let changed =
        in_body(call.room.update_job_template(&call.actor, &id, draft).await, Kind::JobTemplate)?;
    Ok(shown(&wire(&changed, true)?))
}

/// `DELETE /api/v2/job_templates/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::JobTemplate).await?;
    call.room.delete_job_template(&call.actor, &id).await?;
    Ok(done())
}

/// `GET /api/v2/job_templates/{id}/credentials/`: all that are attached, for every reader of the template.
pub(super) async fn credentials(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::JobTemplate).await?;
    let fetch = |request| call.room.list_job_template_credentials(&call.actor, &id, request);
    list::page(&call, &credential::MODEL, fetch, credential::element).await
}

/// `POST /api/v2/job_templates/{id}/credentials/`: attaches, detaches, or makes and attaches.
pub(super) async fn attach_credential(call: Call) -> Outcome<Response> {
    let detaches = call.has("disassociate");
    let wanted = attach::wanted_id(&call)?;
    let id = call.target(Kind::JobTemplate).await?;
    let (room, actor) = (&call.room, &call.actor);
    let Some(wanted) = wanted else {
        if detaches {
            return Err(AwxError::Message(attach::ID_TO_DETACH));
        }
        let draft = credential::attached_draft(&call.body);
        let made = room.create_job_template_credential(actor, &id, draft).await;
        return Ok(credential::made(&in_body(made, Kind::JobTemplate)?));
    };
    let wanted = Ref::Serial(wanted);
    let outcome = match detaches {
        true => room.detach_job_template_credential(actor, &id, &wanted).await,
        false => room.attach_job_template_credential(actor, &id, &wanted).await,
    };
    in_body(outcome, Kind::JobTemplate)?;
    Ok(done())
}

/// The members that the activity stream tells.
pub(super) const TOLD: &[&str] = &[
    "name",
    "description",
    "job_type",
    "inventory",
    "project",
    "playbook",
    "scm_branch",
    "forks",
    "limit",
    "verbosity",
    "extra_vars",
    "job_tags",
    "force_handlers",
    "skip_tags",
    "start_at_task",
    "timeout",
    "use_fact_cache",
    "organization",
    "execution_environment",
    "host_config_key",
    "ask_scm_branch_on_launch",
    "ask_diff_mode_on_launch",
    "ask_variables_on_launch",
    "ask_limit_on_launch",
    "ask_tags_on_launch",
    "ask_skip_tags_on_launch",
    "ask_job_type_on_launch",
    "ask_verbosity_on_launch",
    "ask_inventory_on_launch",
    "ask_credential_on_launch",
    "ask_execution_environment_on_launch",
    "ask_labels_on_launch",
    "ask_forks_on_launch",
    "ask_job_slice_count_on_launch",
    "ask_timeout_on_launch",
    "ask_instance_groups_on_launch",
    "survey_enabled",
    "become_enabled",
    "diff_mode",
    "allow_simultaneous",
    "job_slice_count",
    "webhook_service",
    "prevent_instance_group_fallback",
];
/// The most characters of the shorter texts.
const LONG: u32 = 1024;
const JOB_TYPES: &[(&str, &str)] = &[("run", "Run"), ("check", "Check")];
const VERBOSITIES: &[(&str, &str)] = &[
    ("0", "0 (Normal)"),
    ("1", "1 (Verbose)"),
    ("2", "2 (More Verbose)"),
    ("3", "3 (Debug)"),
    ("4", "4 (Connection Debug)"),
    ("5", "5 (WinRM Debug)"),
];
const STATUSES: &[(&str, &str)] = &[("never updated", "Never Updated")];
const WEBHOOK_SERVICES: &[(&str, &str)] = &[
    ("", "---------"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("bitbucket_dc", "BitBucket DataCenter"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: Value) -> Member<Value> {
        let info = details().find(|info| info.name == name).unwrap();
        detail(&Body::from_iter([(name.to_owned(), value)]), info)
    }

    #[test]
    fn details_are_read_as_awx_reads_them() {
        for (name, value, kept) in [
            ("job_type", json!("check"), Member::Given(json!("check"))),
            ("job_type", json!("scan"), Member::Bad(Rule::NotAChoice { given: "scan".to_owned() })),
            ("verbosity", json!("3"), Member::Given(json!(3))),
            ("verbosity", json!(9), Member::Bad(Rule::NotAChoice { given: "9".to_owned() })),
            ("forks", json!(-1), Member::Bad(Rule::TooSmall { min: 0 })),
            ("timeout", json!(-1), Member::Given(json!(-1))),
            ("inventory", json!("7"), Member::Given(json!(7))),
            ("inventory", json!(0), Member::Bad(Rule::UnknownObject { given: "0".to_owned() })),
            ("project", json!("x"), Member::Bad(Rule::NotAnId { given: ValueKind::Text })),
            ("extra_vars", json!("a: 1"), Member::Given(json!("a: 1"))),
            ("extra_vars", json!(" {\"a\": 1}\n"), Member::Given(json!(" {\"a\": 1}\n"))),
            ("extra_vars", json!(null), Member::Given(json!(""))),
            ("extra_vars", json!({"a": 1}), Member::Bad(Rule::NotText)),
            ("extra_vars", json!("[1]"), Member::Bad(Rule::NotAMapping)),
            ("become_enabled", json!("maybe"), Member::Bad(Rule::NotBoolean)),
        ] {
            assert_eq!(read(name, value.clone()), kept, "{name} {value}");
        }
    }

    #[test]
    fn an_empty_body_asks_for_nothing_and_a_whole_one_for_everything() {
        let empty = draft(&Body::new(), Mode::Create);
        assert!(empty.details.iter().all(|(_, member)| member.is_absent()));
        let whole = draft(&Body::new(), Mode::Replace);
        assert!(whole.details.iter().all(|(_, member)| member.given().is_some()));
        assert!(whole.details.contains(&("job_slice_count", Member::Given(json!(1)))));
    }
}

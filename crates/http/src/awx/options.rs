//! What `OPTIONS` says of a view: what it is called, what it takes and what it shows.

use axum::response::Response;
use serde_json::{Map, Value, json};
use strongroom_core::access::Role;
use strongroom_core::id::Kind;

use super::call::Call;
use super::error::Outcome;
use super::list::MAX_SIZE;
use super::model::{Access, Info, Model, Start};
use super::related::searchable;
use super::reply::shown;
use super::root;
use super::routes::View;
use super::wire::Members;

/// What `OPTIONS` says beyond the name of the view.
#[derive(Debug)]
pub(super) enum Shape {
    /// Nothing.
    Bare,
    /// A list of a kind of object.
    List {
        /// The kind of object.
        model: &'static Model,
        /// What a POST takes, and who may send one.
        post: Option<Post>,
    },
    /// One object.
    Detail {
        /// The kind of object.
        model: &'static Model,
        /// Whether it can be changed here at all.
        changes: bool,
    },
}

/// What a POST takes, and who may send one.
#[derive(Debug)]
pub(super) struct Post {
    /// Who.
    pub(super) by: By,
    /// The members, when they are not those of the object.
    pub(super) only: Option<&'static [Info]>,
    /// Members of the object that are not taken here.
    pub(super) without: &'static [&'static str],
}

/// Who may send a POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Everybody who is known.
    Everybody,
    /// System administrators.
    Superuser,
    /// System administrators, and administrators of an organization.
    Administrator,
    /// They, and whoever makes job templates in an organization.
    TemplateMaker,
}

/// The answer of a view of which there is nothing to say but its name.
pub(super) fn bare(view: &View) -> Response {
    shown(&head(view))
}

fn head(view: &View) -> Members<Value> {
    Members::default()
        .with("name", json!(view.title))
        .with("description", json!(""))
        .with("renders", json!(["application/json", "text/html"]))
        .with("parses", json!(["application/json"]))
}

/// The answer of a view to `OPTIONS`. Whether the object of the path exists does not show.
pub(super) async fn describe(call: Call, view: &View) -> Outcome<Response> {
    let document = head(view);
    match &view.shape {
        Shape::Bare => Ok(shown(&document)),
        Shape::List { model, post } => {
            let mut actions = Members::default();
            if let Some(post) = post
                && may_post(&call, post.by).await?
            {
                actions = actions.with("POST", taken(model, post));
            }
            let actions = actions.with("GET", readable(model));
            let searched: Vec<&str> = model.searched.iter().map(|(name, _)| *name).collect();
            let document = document
                .with("actions", serde_json::to_value(actions).unwrap_or_default())
                .with("types", json!([model.word]))
                .with("search_fields", json!(searched))
                .with("related_search_fields", json!(searchable(model.kind)));
            let document = with_roles(document, model).with("max_page_size", json!(MAX_SIZE));
            Ok(shown(&document))
        }
        Shape::Detail { model, changes } => {
            let mut actions = Members::default();
            if *changes && may_change(&call, model).await {
                let post = Post { by: By::Everybody, only: None, without: &["user", "team"] };
                actions = actions.with("PUT", taken(model, &post));
            }
            let actions = actions.with("GET", readable(model));
            let document = document
                .with("actions", serde_json::to_value(actions).unwrap_or_default())
                .with("types", json!([model.word]));
            Ok(shown(&with_roles(document, model)))
        }
    }
}

fn with_roles(document: Members<Value>, model: &Model) -> Members<Value> {
    document.with_some("object_roles", (!model.roles.is_empty()).then(|| json!(model.roles)))
}

async fn may_post(call: &Call, by: By) -> Outcome<bool> {
    if !call.actor.may_write() {
        return Ok(false);
    }
    match by {
        By::Everybody => Ok(true),
        By::Superuser => root::is_superuser(call).await,
        By::Administrator => Ok(root::is_superuser(call).await? || root::administers(call).await?),
        By::TemplateMaker => Ok(root::is_superuser(call).await?
            || root::holds_somewhere(call, Role::OrganizationJobTemplateAdmin).await?),
    }
}

/// Whether the caller may change the object of the path; an error hides what it says.
async fn may_change(call: &Call, model: &Model) -> bool {
    let (room, actor) = (&call.room, &call.actor);
    let Ok(id) = call.target(model.kind).await else {
        return false;
    };
    let may: Result<bool, strongroom_core::Error> = match model.kind {
        Kind::Credential => {
            room.read_credential(actor, &id).await.map(|view| view.capabilities.edit)
        }
        Kind::CredentialType => {
            room.read_credential_type(actor, &id).await.map(|view| view.may_change)
        }
        Kind::Organization => room.read_organization(actor, &id).await.map(|view| view.may_change),
        Kind::Team => room.read_team(actor, &id).await.map(|view| view.may_change),
        Kind::JobTemplate => room.read_job_template(actor, &id).await.map(|view| view.may_change),
        Kind::InputSource => room.read_input_source(actor, &id).await.map(|view| view.may_change),
        Kind::User => room.read_user(actor, &id).await.map(|view| view.may_change),
        Kind::Application => room.read_application(actor, &id).await.map(|view| view.may_change),
        Kind::Token => room.read_token(actor, &id).await.map(|_| actor.may_write()),
        _ => return false,
    };
    may.unwrap_or(false)
}

/// The members that are shown.
fn readable(model: &Model) -> Value {
    let entry = |info: &Info| {
        let entry = Members::default()
            .with("type", json!(info.kind))
            .with("hidden", json!(false))
            .with("label", json!(info.label))
            .with_some("help_text", help(info, model))
            .with_some("choices", choices(info, model, false));
        let filterable = (info.name != "type").then(|| json!(info.filterable));
        (
            info.name,
            serde_json::to_value(entry.with_some("filterable", filterable)).unwrap_or_default(),
        )
    };
    let shown = model.members.iter().filter(|info| info.is_shown());
    shown.map(entry).fold(Map::new(), with_entry).into()
}

/// The members that a POST or PUT takes.
fn taken(model: &Model, post: &Post) -> Value {
    let members = post.only.unwrap_or(model.members);
    let entry = |info: &Info| {
        let (required, start) = match info.access {
            Access::Required | Access::WriteRequired => (true, Start::Unsaid),
            Access::Optional(start) | Access::Write(start) => (false, start),
            Access::Read => (false, Start::Unsaid),
        };
        let entry = Members::default()
            .with("type", json!(info.kind))
            .with("required", json!(required))
            .with("hidden", json!(false))
            .with("label", json!(info.label))
            .with_some("max_length", info.max_length.map(|max| json!(max)))
            .with_some("min_value", info.min_value.map(|min| json!(min)))
            .with_some("help_text", help(info, model))
            .with_some("choices", choices(info, model, true))
            .with("filterable", json!(info.filterable))
            .with_some("default", default(start))
            .with_some("write_only", (!info.is_shown()).then(|| json!(true)));
        (info.name, serde_json::to_value(entry).unwrap_or_default())
    };
    let taken = members.iter().filter(|info| info.is_given() && !post.without.contains(&info.name));
    taken.map(entry).fold(Map::new(), with_entry).into()
}

fn with_entry(mut members: Map<String, Value>, (name, entry): (&str, Value)) -> Map<String, Value> {
    members.insert(name.to_owned(), entry);
    members
}

fn help(info: &Info, model: &Model) -> Option<Value> {
    (!info.help.is_empty()).then(|| json!(info.help.replace("%s", &model.label.to_lowercase())))
}

fn choices(info: &Info, model: &Model, writes: bool) -> Option<Value> {
    if info.name == "type" {
        return Some(json!([[model.word, model.label]]));
    }
    let choices = if writes && !info.writable_choices.is_empty() {
        info.writable_choices
    } else {
        info.choices
    };
    let value = |word: &str| match word.parse::<i64>() {
        Ok(number) if info.chooses_numbers() => json!(number),
        _ => json!(word),
    };
    let pairs = choices.iter().map(|(word, label)| json!([value(word), label]));
    (!choices.is_empty()).then(|| pairs.collect())
}

/// The value of a member that is not given; nothing when nothing is said of it.
pub(super) fn default(start: Start) -> Option<Value> {
    match start {
        Start::Unsaid => None,
        Start::Null => Some(Value::Null),
        Start::Empty => Some(json!("")),
        Start::Object => Some(json!({})),
        Start::False => Some(json!(false)),
        Start::Zero => Some(json!(0)),
        Start::One => Some(json!(1)),
        Start::Word(word) => Some(json!(word)),
    }
}

//! Collections of AWX that this server has not: the command line asks for them, so they are there, empty, to be read.

use axum::response::Response;
use strongroom_core::id::Kind;
use strongroom_service::list::Field;

use super::call::Call;
use super::error::Outcome;
use super::list;
use super::model::{self, Model};

const fn collection(word: &'static str, label: &'static str, collection: &'static str) -> Model {
    Model {
        kind: Kind::Job,
        word,
        label,
        collection,
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
        ],
        fields: &[("id", Field::Id), ("name", Field::Name), ("description", Field::Description)],
        closed: &[],
        searched: &[("description", Field::Description), ("name", Field::Name)],
        roles: &[],
    }
}

pub(super) const PROJECTS: Model = collection("project", "Project", "projects");
pub(super) const INVENTORIES: Model = collection("inventory", "Inventory", "inventories");
pub(super) const INVENTORY_SOURCES: Model =
    collection("inventory_source", "Inventory Source", "inventory_sources");
pub(super) const INSTANCE_GROUPS: Model =
    collection("instance_group", "Instance Group", "instance_groups");
pub(super) const EXECUTION_ENVIRONMENTS: Model =
    collection("execution_environment", "Execution Environment", "execution_environments");
pub(super) const SYSTEM_JOB_TEMPLATES: Model =
    collection("system_job_template", "System Job Template", "system_job_templates");
pub(super) const SCHEDULES: Model = collection("schedule", "Schedule", "schedules");
pub(super) const NOTIFICATION_TEMPLATES: Model =
    collection("notification_template", "Notification Template", "notification_templates");
pub(super) const WORKFLOW_JOB_TEMPLATES: Model =
    collection("workflow_job_template", "Workflow Job Template", "workflow_job_templates");

/// `GET` of any of them.
#[expect(clippy::unused_async, reason = "a handler like all others")]
pub(super) async fn list(call: Call) -> Outcome<Response> {
    list::empty(&call, &PROJECTS)
}

//! The table of views: what each path is called, what it takes, and who answers.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

use super::model::{self, Info, Model};
use super::options::{By, Post, Shape};
use super::role::{ATTACHED, ATTACHED_OR_NOT};
use super::serve::{Action, Segments, serve};
use super::{
    access_list, activity, application, credential, credential_type, foreign, input_source,
    job_template, lookup, oauth, organization, role, root, session, team, token, user,
};
use crate::facts::Facts;
use crate::route::Route;
use crate::state::AppState;

/// A path and all that is known of it.
#[derive(Debug)]
pub(super) struct View {
    template: &'static str,
    /// The name in the answer to `OPTIONS`.
    pub(super) title: &'static str,
    /// What `OPTIONS` says of it besides.
    pub(super) shape: Shape,
    /// Who gets in.
    pub(super) entry: Entry,
    deprecated: bool,
    /// Whether its answers give the client a token to log in with.
    pub(super) offers_csrf: bool,
    actions: &'static [(Verb, Action)],
}

/// Who gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Everybody; nobody looks at who it is.
    Open,
    /// Everybody; whoever proves who he is learns the version.
    Greeted,
    /// Those who prove who they are.
    Known,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// The routes of the dialect.
pub(crate) fn routes() -> Vec<Route> {
    VIEWS.iter().flat_map(View::routes).collect()
}

/// The view of a template.
pub(super) fn view(template: &str) -> Option<&'static View> {
    VIEWS.iter().find(|view| view.template == template)
}

/// A handler of the router, which needs a type of its own for each place where one is made.
macro_rules! handler {
    ($view:expr, $action:expr) => {{
        let (view, action) = ($view, $action);
        move |State(state): State<AppState>,
              Extension(facts): Extension<Facts>,
              segments: Segments,
              request: Request| serve(view, action, state, facts, segments, request)
    }};
}

impl View {
    fn routes(&'static self) -> Vec<Route> {
        let mut routes: Vec<Route> =
            self.actions.iter().map(|(verb, action)| self.route(*verb, *action)).collect();
        routes.push(Route::options(self.template, handler!(self, Action::Options)));
        routes
    }

    fn route(&'static self, verb: Verb, action: Action) -> Route {
        let handler = handler!(self, action);
        match verb {
            Verb::Get => Route::get(self.template, handler),
            Verb::Post => Route::post(self.template, handler),
            Verb::Put => Route::put(self.template, handler),
            Verb::Patch => Route::patch(self.template, handler),
            Verb::Delete => Route::delete(self.template, handler),
        }
    }

    /// Adds the headers that say what the view is.
    pub(super) fn decorate(&self, response: &mut Response) {
        let headers = response.headers_mut();
        if let Ok(allow) = HeaderValue::from_str(&self.allow()) {
            headers.insert(header::ALLOW, allow);
        }
        headers.insert(PRODUCT_NAME, HeaderValue::from_static("AWX"));
        let vary = match self.entry {
            Entry::Open => "Accept, Accept-Language, origin",
            Entry::Greeted | Entry::Known => "Accept, Accept-Language, origin, Cookie",
        };
        headers.insert(header::VARY, HeaderValue::from_static(vary));
        if self.deprecated {
            headers.append(header::WARNING, HeaderValue::from_static(DEPRECATED));
        }
    }

    /// The methods in AWX's order.
    fn allow(&self) -> String {
        let has = |verb| self.actions.iter().any(|(known, _)| *known == verb);
        let words = ORDER.iter().filter(|(verb, _)| has(*verb)).map(|(_, word)| *word);
        words.chain(["HEAD", "OPTIONS"]).collect::<Vec<_>>().join(", ")
    }

    const fn new(
        template: &'static str,
        title: &'static str,
        shape: Shape,
        actions: &'static [(Verb, Action)],
    ) -> Self {
        Self {
            template,
            title,
            shape,
            entry: Entry::Known,
            deprecated: false,
            offers_csrf: false,
            actions,
        }
    }

    const fn list(
        template: &'static str,
        title: &'static str,
        model: &'static Model,
        actions: &'static [(Verb, Action)],
    ) -> Self {
        Self::new(template, title, Shape::List { model, post: None }, actions)
    }

    const fn posted(
        template: &'static str,
        title: &'static str,
        model: &'static Model,
        post: Post,
        actions: &'static [(Verb, Action)],
    ) -> Self {
        Self::new(template, title, Shape::List { model, post: Some(post) }, actions)
    }

    const fn detail(
        template: &'static str,
        title: &'static str,
        model: &'static Model,
        actions: &'static [(Verb, Action)],
    ) -> Self {
        Self::new(template, title, Shape::Detail { model, changes: 1 < actions.len() }, actions)
    }

    const fn entry(self, entry: Entry) -> Self {
        Self { entry, ..self }
    }

    const fn deprecated(self) -> Self {
        Self { deprecated: true, ..self }
    }

    const fn offers_csrf(self) -> Self {
        Self { offers_csrf: true, ..self }
    }
}

/// A POST of the object's own members.
const fn by(by: By) -> Post {
    Post { by, only: None, without: &[] }
}

/// A POST of the object's own members, but for some.
const fn without(by: By, without: &'static [&'static str]) -> Post {
    Post { by, only: None, without }
}

/// A POST of these members.
const fn only(members: &'static [Info]) -> Post {
    Post { by: By::Everybody, only: Some(members), without: &[] }
}

macro_rules! on {
    ($($verb:ident $module:ident::$function:ident),* $(,)?) => {
        &[$((Verb::$verb, Action::Handler(|call| Box::pin($module::$function(call))))),*]
    };
}

macro_rules! open {
    ($($verb:ident $module:ident::$function:ident),* $(,)?) => {
        &[$((Verb::$verb, Action::Open(|visit| Box::pin($module::$function(visit))))),*]
    };
}

#[rustfmt::skip]
static VIEWS: &[View] = &[
    View::new("/api/", "REST API", Shape::Bare, &[(Verb::Get, Action::Document(root::api))])
        .entry(Entry::Greeted).offers_csrf(),
    View::new("/api/o/", "OAuth 2", Shape::Bare, &[(Verb::Get, Action::Document(oauth::root))]).entry(Entry::Open),
    View::new("/api/o/authorize/", "OAuth 2 Authorize", Shape::Bare, open![Get oauth::ask, Post oauth::authorize])
        .entry(Entry::Open),
    View::new("/api/o/token/", "OAuth 2 Token", Shape::Bare, open![Post oauth::token]).entry(Entry::Open),
    View::new("/api/o/revoke_token/", "OAuth 2 Revoke Token", Shape::Bare, open![Post oauth::revoke]).entry(Entry::Open),
    View::new("/api/login/", "Logged Login", Shape::Bare, open![Get session::form, Post session::log_in]).entry(Entry::Open),
    View::new("/api/logout/", "Logged Logout", Shape::Bare, open![Get session::log_out, Post session::log_out]).entry(Entry::Open),
    View::new("/api/v2/", "Version 2", Shape::Bare, &[(Verb::Get, Action::Document(root::version))]).entry(Entry::Greeted),
    View::new("/api/v2/ping/", "Ping", Shape::Bare, &[(Verb::Get, Action::Document(root::ping))]).entry(Entry::Open),
    View::new("/api/v2/config/", "Configuration", Shape::Bare, on![Get root::config]),
    View::list("/api/v2/me/", "Me", &user::MODEL, on![Get user::me]),

    View::posted("/api/v2/organizations/", "Organization List", &organization::MODEL, by(By::Superuser),
        on![Get organization::list, Post organization::create]),
    View::detail("/api/v2/organizations/{id}/", "Organization Detail", &organization::MODEL,
        on![Get organization::read, Put organization::replace, Patch organization::change, Delete organization::delete]),
    View::posted("/api/v2/organizations/{id}/users/", "Organization Users List", &user::MODEL, by(By::Administrator),
        on![Get organization::members, Post organization::attach_member]),
    View::posted("/api/v2/organizations/{id}/admins/", "Organization Admins List", &user::MODEL, by(By::Administrator),
        on![Get organization::admins, Post organization::attach_admin]),
    View::posted("/api/v2/organizations/{id}/teams/", "Organization Teams List", &team::MODEL,
        without(By::Administrator, &["organization"]), on![Get organization::teams, Post organization::create_team]),
    View::posted("/api/v2/organizations/{id}/credentials/", "Organization Credential List", &credential::MODEL,
        without(By::Everybody, &["user", "team"]), on![Get credential::of_organization, Post credential::create_for_organization]),
    View::posted("/api/v2/organizations/{id}/galaxy_credentials/", "Organization Galaxy Credentials List", &credential::MODEL,
        only(ATTACHED_OR_NOT), on![Get credential::galaxy_of_organization, Post credential::attach_galaxy]),
    View::posted("/api/v2/organizations/{id}/applications/", "Organization Applications List", &application::MODEL,
        without(By::Administrator, &["organization"]),
        on![Get application::of_organization, Post application::create_in_organization]),
    View::list("/api/v2/organizations/{id}/activity_stream/", "Organization Activity Stream List", &activity::MODEL,
        on![Get activity::of_organization]),
    View::list("/api/v2/organizations/{id}/object_roles/", "Organization Object Roles List", &role::MODEL,
        on![Get role::on_organization]).deprecated(),
    View::list("/api/v2/organizations/{id}/access_list/", "Organization Access List", &user::MODEL,
        on![Get access_list::of_organization]).deprecated(),

    View::posted("/api/v2/users/", "User List", &user::MODEL, by(By::Administrator), on![Get user::list, Post user::create]),
    View::detail("/api/v2/users/{id}/", "User Detail", &user::MODEL,
        on![Get user::read, Put user::replace, Patch user::change, Delete user::delete]),
    View::list("/api/v2/users/{id}/teams/", "User Teams List", &team::MODEL, on![Get user::teams]),
    View::list("/api/v2/users/{id}/organizations/", "User Organizations List", &organization::MODEL,
        on![Get user::organizations]),
    View::list("/api/v2/users/{id}/admin_of_organizations/", "User Admin of Organizations List", &organization::MODEL,
        on![Get user::administered]),
    View::posted("/api/v2/users/{id}/credentials/", "User Credentials List", &credential::MODEL,
        without(By::Everybody, &["organization", "team"]), on![Get credential::of_user, Post credential::create_for_user]),
    View::posted("/api/v2/users/{id}/roles/", "User Roles List", &role::MODEL, only(ATTACHED_OR_NOT),
        on![Get role::of_user, Post role::attach_to_user]).deprecated(),
    View::list("/api/v2/users/{id}/activity_stream/", "User Activity Stream List", &activity::MODEL, on![Get activity::of_user]),
    View::list("/api/v2/users/{id}/access_list/", "User Access List", &user::MODEL, on![Get access_list::of_user]).deprecated(),
    View::posted("/api/v2/users/{id}/tokens/", "O Auth2 User Token List", &token::MODEL, by(By::Everybody),
        on![Get token::of_user, Post token::create_for_user]),
    View::posted("/api/v2/users/{id}/authorized_tokens/", "O Auth2 User Authorized Token List", &token::MODEL, by(By::Everybody),
        on![Get token::authorized, Post token::authorize]),
    View::posted("/api/v2/users/{id}/personal_tokens/", "User Personal Token List", &token::MODEL,
        without(By::Everybody, &["application"]), on![Get token::personal, Post token::create_personal]),

    View::posted("/api/v2/teams/", "Team List", &team::MODEL, by(By::Administrator), on![Get team::list, Post team::create]),
    View::detail("/api/v2/teams/{id}/", "Team Detail", &team::MODEL,
        on![Get team::read, Put team::replace, Patch team::change, Delete team::delete]),
    View::posted("/api/v2/teams/{id}/users/", "Team Users List", &user::MODEL, by(By::Administrator),
        on![Get team::members, Post team::attach_member]),
    View::posted("/api/v2/teams/{id}/credentials/", "Team Credentials List", &credential::MODEL,
        without(By::Everybody, &["organization", "user"]), on![Get credential::of_team, Post credential::create_for_team]),
    View::posted("/api/v2/teams/{id}/roles/", "Team Roles List", &role::MODEL, only(ATTACHED_OR_NOT),
        on![Get role::of_team, Post role::attach_to_team]).deprecated(),
    View::list("/api/v2/teams/{id}/object_roles/", "Team Object Roles List", &role::MODEL, on![Get role::on_team]).deprecated(),
    View::list("/api/v2/teams/{id}/activity_stream/", "Team Activity Stream List", &activity::MODEL, on![Get activity::of_team]),
    View::list("/api/v2/teams/{id}/access_list/", "Team Access List", &user::MODEL, on![Get access_list::of_team]).deprecated(),

    View::posted("/api/v2/credential_types/", "Credential Type List", &credential_type::MODEL, by(By::Superuser),
        on![Get credential_type::list, Post credential_type::create]),
    View::detail("/api/v2/credential_types/{id}/", "Credential Type Detail", &credential_type::MODEL,
        on![Get credential_type::read, Put credential_type::replace, Patch credential_type::change, Delete credential_type::delete]),
    View::posted("/api/v2/credential_types/{id}/credentials/", "Credential Type Credential List", &credential::MODEL,
        by(By::Everybody), on![Get credential::of_type, Post credential::create_below_type]),
    View::new("/api/v2/credential_types/{id}/test/", "Credential Type External Test", Shape::Bare,
        on![Get lookup::nothing_of_type, Post lookup::of_type]),
    View::list("/api/v2/credential_types/{id}/activity_stream/", "Credential Type Activity Stream List", &activity::MODEL,
        on![Get activity::of_credential_type]),

    View::posted("/api/v2/credentials/", "Credential List", &credential::MODEL, by(By::Everybody),
        on![Get credential::list, Post credential::create]),
    View::detail("/api/v2/credentials/{id}/", "Credential Detail", &credential::MODEL,
        on![Get credential::read, Put credential::replace, Patch credential::change, Delete credential::delete]),
    View::posted("/api/v2/credentials/{id}/copy/", "Credential Copy", &credential::MODEL, only(&[model::NAME]),
        on![Get credential::may_copy, Post credential::copy]),
    View::new("/api/v2/credentials/{id}/test/", "Credential External Test", Shape::Bare,
        on![Get lookup::nothing_of_credential, Post lookup::of_credential]),
    View::list("/api/v2/credentials/{id}/owner_users/", "Credential Owner Users List", &user::MODEL,
        on![Get credential::owner_users]),
    View::list("/api/v2/credentials/{id}/owner_teams/", "Credential Owner Teams List", &team::MODEL,
        on![Get credential::owner_teams]),
    View::posted("/api/v2/credentials/{id}/input_sources/", "Credential Input Sources", &input_source::MODEL,
        without(By::Everybody, &["target_credential"]),
        on![Get input_source::of_credential, Post input_source::create_for_credential]),
    View::list("/api/v2/credentials/{id}/activity_stream/", "Credential Activity Stream List", &activity::MODEL,
        on![Get activity::of_credential]),
    View::list("/api/v2/credentials/{id}/object_roles/", "Credential Object Roles List", &role::MODEL,
        on![Get role::on_credential]).deprecated(),
    View::list("/api/v2/credentials/{id}/access_list/", "Credential Access List", &user::MODEL,
        on![Get access_list::of_credential]).deprecated(),

    View::posted("/api/v2/credential_input_sources/", "Credential Input Sources", &input_source::MODEL, by(By::Everybody),
        on![Get input_source::list, Post input_source::create]),
    View::detail("/api/v2/credential_input_sources/{id}/", "Credential Input Source Detail", &input_source::MODEL,
        on![Get input_source::read, Put input_source::replace, Patch input_source::change, Delete input_source::delete]),

    View::posted("/api/v2/job_templates/", "Job Template List", &job_template::MODEL, by(By::TemplateMaker),
        on![Get job_template::list, Post job_template::create]),
    View::detail("/api/v2/job_templates/{id}/", "Job Template Detail", &job_template::MODEL,
        on![Get job_template::read, Put job_template::replace, Patch job_template::change, Delete job_template::delete]),
    View::posted("/api/v2/job_templates/{id}/credentials/", "Job Template Credentials List", &credential::MODEL,
        Post { by: By::Everybody, only: None, without: &["user", "team"] },
        on![Get job_template::credentials, Post job_template::attach_credential]),
    View::list("/api/v2/job_templates/{id}/activity_stream/", "Job Template Activity Stream List", &activity::MODEL,
        on![Get activity::of_job_template]),
    View::list("/api/v2/job_templates/{id}/object_roles/", "Job Template Object Roles List", &role::MODEL,
        on![Get role::on_job_template]).deprecated(),
    View::list("/api/v2/job_templates/{id}/access_list/", "Job Template Access List", &user::MODEL,
        on![Get access_list::of_job_template]).deprecated(),

    View::list("/api/v2/roles/", "Role List", &role::MODEL, on![Get role::list]).deprecated(),
    View::detail("/api/v2/roles/{id}/", "Role Detail", &role::MODEL, on![Get role::read]).deprecated(),
    View::posted("/api/v2/roles/{id}/users/", "Role Users List", &user::MODEL, only(ATTACHED),
        on![Get role::users, Post role::attach_user]).deprecated(),
    View::posted("/api/v2/roles/{id}/teams/", "Role Teams List", &team::MODEL, only(ATTACHED),
        on![Get role::teams, Post role::attach_team]).deprecated(),

    View::posted("/api/v2/applications/", "O Auth2 Application List", &application::MODEL, by(By::Administrator),
        on![Get application::list, Post application::create]),
    View::detail("/api/v2/applications/{id}/", "O Auth2 Application Detail", &application::MODEL,
        on![Get application::read, Put application::replace, Patch application::change, Delete application::delete]),
    View::posted("/api/v2/applications/{id}/tokens/", "O Auth2 Application Token List", &token::MODEL,
        without(By::Everybody, &["application"]), on![Get token::of_application, Post token::create_for_application]),
    View::list("/api/v2/applications/{id}/activity_stream/", "O Auth2 Application Activity Stream List", &activity::MODEL,
        on![Get activity::of_application]),
    View::posted("/api/v2/tokens/", "O Auth2 Token List", &token::MODEL, by(By::Everybody),
        on![Get token::list, Post token::create]),
    View::detail("/api/v2/tokens/{id}/", "O Auth2 Token Detail", &token::MODEL,
        on![Get token::read, Put token::replace, Patch token::change, Delete token::delete]),
    View::list("/api/v2/tokens/{id}/activity_stream/", "O Auth2 Token Activity Stream List", &activity::MODEL,
        on![Get activity::of_token]),

    View::list("/api/v2/execution_environments/", "Execution Environment List", &foreign::EXECUTION_ENVIRONMENTS, on![Get foreign::list]),
    View::list("/api/v2/instance_groups/", "Instance Group List", &foreign::INSTANCE_GROUPS, on![Get foreign::list]),
    View::list("/api/v2/projects/", "Project List", &foreign::PROJECTS, on![Get foreign::list]),
    View::list("/api/v2/inventories/", "Inventory List", &foreign::INVENTORIES, on![Get foreign::list]),
    View::list("/api/v2/inventory_sources/", "Inventory Source List", &foreign::INVENTORY_SOURCES, on![Get foreign::list]),
    View::list("/api/v2/system_job_templates/", "System Job Template List", &foreign::SYSTEM_JOB_TEMPLATES, on![Get foreign::list]),
    View::list("/api/v2/schedules/", "Schedule List", &foreign::SCHEDULES, on![Get foreign::list]),
    View::list("/api/v2/notification_templates/", "Notification Template List", &foreign::NOTIFICATION_TEMPLATES, on![Get foreign::list]),
    View::list("/api/v2/workflow_job_templates/", "Workflow Job Template List", &foreign::WORKFLOW_JOB_TEMPLATES, on![Get foreign::list]),

    View::list("/api/v2/activity_stream/", "Activity Stream List", &activity::MODEL, on![Get activity::list]),
    View::detail("/api/v2/activity_stream/{id}/", "Activity Stream Detail", &activity::MODEL, on![Get activity::read]),
];

const ORDER: [(Verb, &str); 5] = [
    (Verb::Get, "GET"),
    (Verb::Post, "POST"),
    (Verb::Put, "PUT"),
    (Verb::Patch, "PATCH"),
    (Verb::Delete, "DELETE"),
];
pub(super) const PRODUCT_NAME: HeaderName = HeaderName::from_static("x-api-product-name");
const DEPRECATED: &str =
    "299 awx \"This resource has been deprecated and will be removed in a future release.\"";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_template_stands_once_and_ends_in_a_slash() {
        let templates: BTreeSet<_> = VIEWS.iter().map(|view| view.template).collect();
        assert_eq!(templates.len(), VIEWS.len());
        assert!(templates.iter().all(|template| template.ends_with('/')));
    }

    #[test]
    fn lists_and_details_allow_what_awx_allows() {
        let allow = |template| view(template).unwrap().allow();
        assert_eq!(allow("/api/v2/credentials/"), "GET, POST, HEAD, OPTIONS");
        assert_eq!(allow("/api/v2/credentials/{id}/"), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
        assert_eq!(allow("/api/v2/me/"), "GET, HEAD, OPTIONS");
    }

    #[test]
    fn only_lists_that_take_a_post_say_so() {
        for view in VIEWS {
            let posts = view.actions.iter().any(|(verb, _)| *verb == Verb::Post);
            let says = matches!(view.shape, Shape::List { post: Some(_), .. });
            if matches!(view.shape, Shape::Bare) {
                continue;
            }
            assert_eq!(posts, says, "{}", view.template);
        }
    }
}

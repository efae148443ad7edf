//! Routes as data: each is a method, a template and a handler, and the router is made of the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::extract::State;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use http::{HeaderMap, Uri};

use crate::awx;
use crate::facts::Facts;
use crate::fault::Fault;
use crate::owner::Owner;
use crate::state::AppState;

/// One row of a dialect's table.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The method, in capitals.
    pub(crate) method: &'static str,
    /// The path, with `{name}` for each variable segment.
    pub(crate) template: &'static str,
    handler: MethodRouter<AppState>,
}

impl Route {
    /// A route for `GET`, which serves `HEAD` too.
    pub(crate) fn get<H: Handler<T, AppState>, T: 'static>(
        template: &'static str,
        handler: H,
    ) -> Self {
        Self::on(MethodFilter::GET, "GET", template, handler)
    }

    /// A route for `POST`.
    pub(crate) fn post<H: Handler<T, AppState>, T: 'static>(
        template: &'static str,
        handler: H,
    ) -> Self {
        Self::on(MethodFilter::POST, "POST", template, handler)
    }

    /// A route for `PUT`.
    pub(crate) fn put<H: Handler<T, AppState>, T: 'static>(
        template: &'static str,
        handler: H,
    ) -> Self {
        Self::on(MethodFilter::PUT, "PUT", template, handler)
    }

    /// A route for `PATCH`.
    pub(crate) fn patch<H: Handler<T, AppState>, T: 'static>(
        template: &'static str,
        handler: H,
    ) -> Self {
        Self::on(MethodFilter::PATCH, "PATCH", template, handler)
    }

    /// A route for `DELETE`.
    pub(crate) fn delete<H: Handler<T, AppState>, T: 'static>(
        template: &'static str,
        handler: H,
    ) -> Self {
        Self::on(MethodFilter::DELETE, "DELETE", template, handler)
    }

    /// A route for `OPTIONS`.
    pub(crate) fn options<H: Handler<T, AppState>, T: 'static>(
        template: &'static str,
        handler: H,
    ) -> Self {
        Self::on(MethodFilter::OPTIONS, "OPTIONS", template, handler)
    }

    fn on<H: Handler<T, AppState>, T: 'static>(
        filter: MethodFilter,
        method: &'static str,
        template: &'static str,
        handler: H,
    ) -> Self {
        Self { method, template, handler: axum::routing::on(filter, handler) }
    }
}

/// All routes of one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The template, in the spelling of the table.
    pub(crate) template: &'static str,
    /// The methods it is served for, `HEAD` after `GET`.
    pub(crate) methods: Vec<&'static str>,
}

impl Endpoint {
    /// The value of the `Allow` header.
    pub(crate) fn allow(&self) -> String {
        self.methods.join(", ")
    }
}

/// Whether a template is served with its trailing slash, without, or both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slash {
    /// Only as the table spells it.
    AsWritten,
    /// Both ways, whichever the table spells.
    Both,
    /// With the slash; without it only for `GET` and `HEAD`, other methods are sent to the slash.
    WithAndReadWithout,
}

/// A router and what its matched paths mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assembly {
    /// The router.
    pub(crate) router: Router<AppState>,
    /// The endpoint of each path the router matches, in the router's spelling.
    pub(crate) endpoints: BTreeMap<String, Arc<Endpoint>>,
}

impl Assembly {
    /// Adds the table of one owner.
    ///
    /// # Panics
    ///
    /// When a table names one method of one template twice, which every test of the router shows.
    #[must_use]
    pub(crate) fn with(mut self, owner: Owner, table: Vec<Route>) -> Self {
        let mut templates: BTreeMap<&'static str, Vec<Route>> = BTreeMap::new();
        for route in table {
            templates.entry(route.template).or_default().push(route);
        }
        for (template, routes) in templates {
            self = self.with_endpoint(owner, template, &routes);
        }
        self
    }

    fn with_endpoint(mut self, owner: Owner, template: &'static str, routes: &[Route]) -> Self {
        let endpoint = Arc::new(Endpoint { template, methods: methods(routes) });
        self = self.with_path(template.to_owned(), &endpoint, refusing(merged(routes)));
        match (owner.slash(), template.strip_suffix('/')) {
            (Slash::AsWritten, _) | (Slash::WithAndReadWithout, None) => self,
            (Slash::Both, Some(bare)) => {
                self.with_path(bare.to_owned(), &endpoint, refusing(merged(routes)))
            }
            (Slash::Both, None) => {
                self.with_path(format!("{template}/"), &endpoint, refusing(merged(routes)))
            }
            (Slash::WithAndReadWithout, Some(bare)) => {
                let reads: Vec<_> =
                    routes.iter().filter(|route| route.method == "GET").cloned().collect();
                self.with_path(bare.to_owned(), &endpoint, redirecting(merged(&reads)))
            }
        }
    }

    fn with_path(
        mut self,
        path: String,
        endpoint: &Arc<Endpoint>,
        methods: MethodRouter<AppState>,
    ) -> Self {
        self.router = self.router.route(&path, methods);
        self.endpoints.insert(path, Arc::clone(endpoint));
        self
    }
}

fn methods(routes: &[Route]) -> Vec<&'static str> {
    let spelled = |route: &Route| match route.method {
        "GET" => vec!["GET", "HEAD"],
        method => vec![method],
    };
    routes.iter().flat_map(spelled).collect()
}

fn merged(routes: &[Route]) -> MethodRouter<AppState> {
    routes.iter().fold(MethodRouter::new(), |all, route| all.merge(route.handler.clone()))
}

fn refusing(methods: MethodRouter<AppState>) -> MethodRouter<AppState> {
    methods.fallback(
        async |State(state): State<AppState>,
               Extension(facts): Extension<Facts>,
               headers: HeaderMap,
               uri: Uri| {
            // AWX tells nobody what a path is for before he has proved who he is.
            if facts.owner == Owner::Awx {
                return awx::refuse(state, facts, headers, uri).await;
            }
            let allow =
                facts.endpoint.as_ref().map(|endpoint| endpoint.allow()).unwrap_or_default();
            facts.owner.fault(&Fault::WrongMethod { allow }, &facts)
        },
    )
}

fn redirecting(methods: MethodRouter<AppState>) -> MethodRouter<AppState> {
    methods.fallback(async |Extension(facts): Extension<Facts>| {
        let query = facts.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let location = format!("{}/{query}", facts.path);
        facts.owner.fault(&Fault::MissingSlash { location }, &facts)
    })
}

//! What clients see on the wire: one folder per dialect, the native API, and what all of them share.
//!
//! A request finds its route by exact segments, passes the one layer of [`layers`], and reaches a handler that
//! decodes, calls one use-case and renders. Whatever goes wrong beside a handler is a [`fault::Fault`], which
//! the [`Owner`] of the path words. Routes are data: [`route_table`] lists every one there is.

mod answer;
mod app_catalog;
mod awx;
mod base;
mod body;
mod cloud_foundry;
mod facts;
mod fault;
mod layers;
mod native;
pub mod openapi;
mod owner;
mod presented;
mod probe;
mod probely;
mod registry_token;
mod report;
mod robot_access;
mod route;
mod state;
mod uaa;
mod unserved;

use std::sync::Arc;

use axum::{Extension, Router, middleware};
use strongroom_service::Strongroom;
use tokio::sync::Semaphore;

use facts::Facts;
use fault::Fault;
use route::{Assembly, Route};
use state::{AppState, Entrance};

pub use layers::{DURATION, DURATION_BUCKETS, REQUESTS};
pub use owner::Owner;
pub use state::{HttpSettings, MetricsText};

/// Everything that is served to the network. Serve it with `ConnectInfo<SocketAddr>`.
pub fn router(room: Strongroom, settings: HttpSettings) -> Router {
    assemble(room, settings, Entrance::Network)
}

/// The native API for the server's own host, without a token, and what only the host may do.
///
/// Whoever reaches it may do everything: serve it only on a socket that the file system protects, or call it
/// in the same process.
pub fn host_router(room: Strongroom, settings: HttpSettings) -> Router {
    assemble(room, settings, Entrance::Host)
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteRow {
    /// Who owns it.
    pub owner: Owner,
    /// The method, in capitals; `GET` stands for `HEAD` too.
    pub method: &'static str,
    /// The path, with `{name}` for each variable segment, as the owner spells its trailing slash.
    pub template: &'static str,
}

/// Every route that [`router`] serves, in order.
pub fn route_table() -> Vec<RouteRow> {
    rows(Entrance::Network)
}

/// Every route that [`host_router`] serves, in order.
pub fn host_route_table() -> Vec<RouteRow> {
    rows(Entrance::Host)
}

fn rows(entrance: Entrance) -> Vec<RouteRow> {
    let mut rows: Vec<RouteRow> = tables(entrance)
        .into_iter()
        .flat_map(|(owner, table)| table.into_iter().map(move |route| (owner, route)))
        .map(|(owner, route)| RouteRow { owner, method: route.method, template: route.template })
        .collect();
    rows.sort_unstable();
    rows
}

fn tables(entrance: Entrance) -> Vec<(Owner, Vec<Route>)> {
    match entrance {
        Entrance::Network => vec![
            (Owner::AppCatalog, app_catalog::routes()),
            (Owner::Awx, awx::routes()),
            (Owner::CloudFoundry, cloud_foundry::routes()),
            (Owner::Uaa, uaa::routes()),
            (Owner::Probely, probely::routes()),
            (Owner::RegistryToken, registry_token::routes()),
            (Owner::Native, native::routes()),
            (Owner::Native, probe::routes()),
        ],
        Entrance::Host => {
            vec![(Owner::Native, native::routes()), (Owner::Native, native::host_routes())]
        }
    }
}

fn assemble(room: Strongroom, settings: HttpSettings, entrance: Entrance) -> Router {
    let assembly = tables(entrance)
        .into_iter()
        .fold(Assembly::default(), |all, (owner, table)| all.with(owner, table));
    let state = AppState {
        room,
        gate: Arc::new(Semaphore::new(settings.max_requests)),
        settings: Arc::new(settings),
        entrance,
        endpoints: Arc::new(assembly.endpoints),
    };
    assembly
        .router
        .fallback(async |Extension(facts): Extension<Facts>| {
            facts.owner.fault(&Fault::UnknownPath, &facts)
        })
        .layer(middleware::from_fn_with_state(state.clone(), layers::envelope))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_belongs_to_the_owner_of_its_path_and_is_listed_once() {
        for rows in [route_table(), host_route_table()] {
            let distinct: BTreeSet<_> = rows.iter().collect();
            assert_eq!(distinct.len(), rows.len());
            for row in rows {
                assert_eq!(Owner::of(row.template), row.owner, "{}", row.template);
            }
        }
    }

    #[test]
    fn what_only_the_host_may_do_is_not_on_the_network() {
        let is_host = |row: &RouteRow| row.template.starts_with("/strongroom/v1/host/");
        assert!(host_route_table().iter().any(is_host));
        assert!(!route_table().iter().any(is_host));
    }
}

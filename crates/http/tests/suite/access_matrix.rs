//! Who gets what from every route: one line a route and object, one column an actor, as reviewed text files.
//!
//! The lines come from the table of routes itself, so a route that is not in the file fails, and so does one for
//! which no object or body is known. Each request is sent to a store in the same state; after one that changed
//! something the store is taken from its copy again.
//!
//! When rights are meant to change, run the test with `STRONGROOM_WRITE_MATRIX=1`, read the difference, commit it.

mod app_catalog;
mod cloud_foundry;
mod probely;
mod registry_token;
mod requests;
mod world;

use std::fmt::Write as _;

use http::Method;
use strongroom_http::{Owner, RouteRow, route_table};

use serde_json::json;

use crate::proof::figures;
use requests::{Sent, requests_for};
use world::{ACTORS, World};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_actor_as_reviewed() {
    let rows = rows_of(&[Owner::Awx, Owner::Native]);
    compare("access_matrix.txt", &section(&rows, &ACTORS, World::new().await, requests_for).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_probely_answers_every_actor_as_reviewed() {
    let (rows, world) = (rows_of(&[Owner::Probely]), probely::world().await);
    let matrix = section(&rows, &probely::ACTORS, world, probely::requests_for).await;
    compare("access_matrix/probely.txt", &matrix);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_app_catalog_answers_every_actor_as_reviewed() {
    let (rows, world) = (rows_of(&[Owner::AppCatalog]), app_catalog::world().await);
    let matrix = section(&rows, &app_catalog::ACTORS, world, app_catalog::requests_for).await;
    compare("access_matrix/app_catalog.txt", &matrix);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_cloud_foundry_answers_every_actor_as_reviewed() {
    let rows = rows_of(&[Owner::CloudFoundry, Owner::Uaa]);
    let world = cloud_foundry::world().await;
    let matrix = section(&rows, &cloud_foundry::ACTORS, world, cloud_foundry::requests_for).await;
    compare("access_matrix/cloud_foundry.txt", &matrix);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_token_server_answers_every_actor_as_reviewed() {
    let (rows, world) = (rows_of(&[Owner::RegistryToken]), registry_token::world().await);
    let matrix = section(&rows, &registry_token::ACTORS, world, registry_token::requests_for).await;
    compare("access_matrix/registry_token.txt", &matrix);
}

#[test]
fn no_route_is_without_a_matrix() {
    for row in route_table() {
        assert!(REVIEWED.contains(&row.owner), "{} {}", row.method, row.template);
    }
}

/// The owners whose routes are in a file.
const REVIEWED: [Owner; 7] = [
    Owner::AppCatalog,
    Owner::Awx,
    Owner::CloudFoundry,
    Owner::Native,
    Owner::Probely,
    Owner::RegistryToken,
    Owner::Uaa,
];

fn rows_of(owners: &[Owner]) -> Vec<RouteRow> {
    route_table().into_iter().filter(|row| owners.contains(&row.owner)).collect()
}

/// The lines of some routes, for the actors that their world knows.
async fn section(
    rows: &[RouteRow],
    actors: &[&'static str],
    mut world: World,
    requests_for: fn(Owner, &str, &'static str) -> Vec<Sent>,
) -> String {
    let mut matrix = legend(actors);
    for row in rows {
        for sent in requests_for(row.owner, row.method, row.template) {
            line(&mut matrix, actors, &mut world, row.method, &sent).await;
        }
    }
    matrix
}

/// One line: what each actor gets.
async fn line(
    matrix: &mut String,
    actors: &[&'static str],
    world: &mut World,
    method: &str,
    sent: &Sent,
) {
    let method: Method = method.parse().unwrap();
    let _ = write!(matrix, "{:<7} {:<72} {:<11}", method.as_str(), sent.template, sent.object);
    for actor in actors {
        let path = world.fill(sent);
        let caller = world.caller(sent.owner, actor);
        let body = sent.body.as_ref().map(|body| world.fill_body(body));
        let reply = match body {
            Some(body) => caller.json(method.clone(), &path, &body).await,
            None => caller.bare(method.clone(), &path).await,
        };
        assert!(reply.status < 500, "{method} {path} as {actor}: {} {}", reply.status, reply.text);
        let _ = write!(matrix, " {}", reply.status);
        let reads = matches!(method, Method::GET | Method::OPTIONS);
        if !reads && reply.status < 300 {
            world.restore().await;
        }
    }
    matrix.push('\n');
}

fn legend(actors: &[&str]) -> String {
    let mut legend = "# Columns, left to right:\n".to_owned();
    for (index, actor) in actors.iter().enumerate() {
        let _ = writeln!(legend, "# {:>2} {actor}", index + 1);
    }
    legend.push('\n');
    legend
}

#[expect(clippy::disallowed_methods, reason = "a switch for whoever reviews the matrix")]
fn compare(name: &str, matrix: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite").join(name);
    if std::env::var("STRONGROOM_WRITE_MATRIX").is_ok() {
        std::fs::write(&file, matrix).unwrap();
        return;
    }
    let reviewed = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (reviewed, found) = (lines(&reviewed), lines(matrix));
    let mut differences = String::new();
    for line in reviewed.iter().filter(|line| !found.contains(line)) {
        let _ = writeln!(differences, "- {line}");
    }
    for line in found.iter().filter(|line| !reviewed.contains(line)) {
        let _ = writeln!(differences, "+ {line}");
    }
    assert!(
        differences.is_empty(),
        "the access matrix differs from the reviewed one:\n{differences}"
    );
    let requests = found.iter().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    figures(
        &format!("access, {name}"),
        "every actor gets from every route what was reviewed",
        &json!({"requests": requests, "differences": 0}),
    );
}

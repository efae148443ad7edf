//! The OpenAPI documents that the server serves: linted, and every path asked by them.
//!
//! Schemathesis reads a document and makes requests of it, right ones and wrong ones. Whatever it sends, the answer is
//! no error of the server, has a status, a type and a body that the document tells of, and comes within a second.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::common::{ADMIN_PASSWORD, Server, Store};
use crate::proof::{figures, sized};
use crate::reader::Reader;
use crate::wire::{Request, Wire};

#[test]
fn awx_answers_as_its_document_says() {
    conforms(&Store::sqlite(), "awx", "Bearer");
}

#[test]
fn probely_answers_as_its_document_says() {
    conforms(&Store::postgres(), "probely", "JWT");
}

#[test]
fn cloud_foundry_answers_as_its_document_says() {
    conforms(&Store::postgres(), "cloud_foundry", "Bearer");
}

#[test]
fn the_app_catalog_answers_as_its_document_says() {
    conforms(&Store::sqlite(), "app_catalog", "Bearer");
}

#[test]
fn the_native_api_answers_as_its_document_says() {
    conforms(&Store::sqlite(), "native", "Bearer");
}

fn conforms(store: &Store, family: &str, scheme: &str) {
    let python = python();
    let server = store.start();
    let token = furnish(&server);
    let url = format!("{}/strongroom/v1/openapi/{family}.json", server.url());
    lint(&python, store, &server, family);
    let seconds = sized(25);
    let seed = fastrand::u32(..);
    let output = Command::new(python.with_file_name("schemathesis"))
        .args(["--no-color", "run", &url, "--phases", "coverage,fuzzing", "--checks", CHECKS])
        .args(["--max-response-time", "1", "--max-time", &seconds.to_string()])
        .args(["--seed", &seed.to_string(), "--generation-database", "none", "--warnings", "off"])
        .args(["-H", &format!("Authorization: {scheme} {token}")])
        .current_dir(store.folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let cases = said.lines().find(|line| line.contains("generated")).unwrap_or_default();
    assert!(!store.log().contains("panicked"), "{}", store.log());
    figures(
        &format!("schemathesis, {family}"),
        "whatever is asked by the document, no answer is an error of the server, against the document or slower than a second",
        &json!({"seconds": seconds, "cases": cases.trim(), "failures": 0, "seed": seed}),
    );
}

/// The document is one, by the specification's own rules.
fn lint(python: &Path, store: &Store, server: &Server, family: &str) {
    let target = format!("/strongroom/v1/openapi/{family}.json");
    // Whoever reads it need not be known.
    let answer = Wire::open(server.address()).unwrap().call(&Request::new("GET", &target)).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let file = store.folder().join(format!("{family}.json"));
    std::fs::write(&file, &answer.body).unwrap();
    let output =
        Command::new(python).args(["-m", "openapi_spec_validator"]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Something to find in each dialect, and a token that opens all of them.
fn furnish(server: &Server) -> String {
    let mut wire = Wire::open(server.address()).unwrap();
    let dialects = ["awx", "probely", "cloud_foundry", "app_catalog"];
    let request = Request::new("POST", "/strongroom/v1/tokens")
        .basic("admin", ADMIN_PASSWORD)
        .json(&json!({"kind": "native", "name": "asker", "dialects": dialects, "organization": 1}));
    let issued = wire.call(&request).unwrap();
    assert_eq!(issued.status, 201, "{}", issued.text());
    let token = issued.json()["token"].as_str().unwrap().to_owned();
    let mut reader = Reader::with_token(server, &token);
    let inputs = json!({"username": "u", "password": "hunter2-secret"});
    let body = json!({"name": "one", "organization": 1, "credential_type": 1, "inputs": inputs});
    reader.post("/api/v2/credentials/", &body);
    let body = json!({"name": "harbor", "organization": 1, "url": "https://harbor.example.com"});
    reader.post("/strongroom/v1/registries", &body);
    token
}

#[expect(clippy::disallowed_methods, reason = "the test command hands over its Python this way")]
fn python() -> PathBuf {
    std::env::var("STRONGROOM_TEST_PYTHON_OPENAPI")
        .expect("STRONGROOM_TEST_PYTHON_OPENAPI is not set: run the tests with scripts/test, which makes it")
        .into()
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";

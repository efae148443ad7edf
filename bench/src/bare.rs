//! The bare server: axum and nothing else, answering with bytes that Strongroom answered before.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};

use crate::load::Recorded;
use crate::process::{Process, free_address};

/// Starts it with one recorded answer for each path.
pub(crate) fn start(folder: &Path, answers: &[(&str, &Recorded)]) -> anyhow::Result<Process> {
    std::fs::create_dir_all(folder)?;
    for (name, answer) in answers {
        std::fs::write(folder.join(format!("{name}.head")), &answer.head)?;
        std::fs::write(folder.join(format!("{name}.body")), &answer.body)?;
    }
    let address = free_address()?;
    std::fs::write(folder.join("address"), address.to_string())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--serve-bare").arg(folder);
    Process::start(&mut command, address, &folder.join("log"))
}

/// Serves what the folder holds.
pub(crate) fn serve(folder: &Path) -> anyhow::Result<()> {
    let address: SocketAddr = std::fs::read_to_string(folder.join("address"))?.parse()?;
    let mut answers = HashMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "head") {
            let name = path.file_stem().and_then(|name| name.to_str()).context("a strange name")?;
            let body = std::fs::read(path.with_extension("body"))?;
            answers
                .insert(format!("/{name}"), Fixed::read(&std::fs::read_to_string(&path)?, body)?);
        }
    }
    let router = Router::new().fallback(answer).with_state(Arc::new(answers));
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, router).await.context("the bare server ended")
    })
}

/// The body of the request is read, as a server must, and the path says what to answer.
async fn answer(
    State(answers): State<Arc<HashMap<String, Fixed>>>,
    uri: Uri,
    _read: Bytes,
) -> Response<Body> {
    let Some(fixed) = answers.get(uri.path()) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(fixed.body.clone()));
    *response.status_mut() = fixed.status;
    *response.headers_mut() = fixed.headers.clone();
    response
}

struct Fixed {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Fixed {
    fn read(head: &str, body: Vec<u8>) -> anyhow::Result<Self> {
        let status = head.get(9..12).context("no status")?.parse()?;
        let mut headers = HeaderMap::new();
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            // The server writes these itself.
            if !matches!(name, "content-length" | "date") {
                headers.append(
                    HeaderName::from_bytes(name.as_bytes())?,
                    HeaderValue::from_str(value)?,
                );
            }
        }
        Ok(Self { status, headers, body: body.into() })
    }
}

//! A clock that jumps: by an hour, by years, to 1970 and past 2038, forwards and back.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::house::House;
use crate::common::{ADMIN_PASSWORD, Server, Store};
use crate::proof::figures;
use crate::wire::{Request, Wire};

#[test]
fn a_clock_that_jumps_does_no_harm_on_sqlite() {
    jumps(&Store::sqlite());
}

#[test]
fn a_clock_that_jumps_does_no_harm_on_postgres() {
    jumps(&Store::postgres());
}

/// Where the clock jumps to, as libfaketime reads it.
const JUMPS: [&str; 10] = [
    "+1h",
    "-1h",
    "+10y",
    "-10y",
    "@1970-01-02 00:00:00",
    "@2038-01-19 03:14:06",
    "@2038-01-19 03:14:09",
    "@2100-03-01 00:00:00",
    "+0",
    "-1h",
];

fn jumps(store: &Store) {
    let Some(library) = library() else {
        println!("clock: nothing was tested, because libfaketime is not installed");
        return;
    };
    let clock = store.folder().join("clock");
    set(&clock, "+0");
    let mut server = start(store, &library, &clock);
    let mut house = House::furnish(&server);
    let mut wire = Wire::open(server.address()).unwrap();
    let short = token(&mut wire, &house.token, 2);
    assert_eq!(status(&mut wire, &short), 200);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(status(&mut wire, &short), 401, "a token outlives its end");
    for jump in JUMPS {
        set(&clock, jump);
        assert_eq!(status(&mut wire, &short), 401, "{jump}: an ended token opens again");
        house.check_reads(&mut wire);
        for door in 0..house.doors.len() {
            let written = house.write(&mut wire, door);
            // A robot's life is bounded by the calendar; all else does not look at it.
            if let Err(answer) = written {
                let name = house.doors[door].name;
                assert!(answer.status < 500, "{jump}: {name}: {}", answer.text());
                assert_eq!(name, "Application Catalog", "{jump}: {}", answer.text());
            }
        }
    }
    set(&clock, "+0");
    house.check_reads(&mut wire);
    let answer = wire.call(&Request::new("GET", "/healthz")).unwrap();
    assert_eq!(answer.status, 200);
    drop(wire);
    server.stop();
    // What was counted until the end is chained by the next start, where several processes share a store.
    let mut server = store.start();
    std::thread::sleep(Duration::from_secs(2));
    server.stop();
    // The order of the log is that of its positions, whatever the clock said.
    House::check_store(store);
    assert!(!store.log().contains("panicked"), "{}", store.log());
    figures(
        &format!("clock, {}", store.kind()),
        "the clock jumps by hours and decades: every request is answered, no ended token opens, the log keeps its order",
        &json!({"jumps": JUMPS.len(), "acknowledged": house.kept.len(), "revived": 0, "lost": 0}),
    );
}

/// A token that ends in so many seconds.
fn token(wire: &mut Wire, maker: &str, seconds: i64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let end = jiff::Timestamp::from_second(i64::try_from(now).unwrap() + seconds).unwrap();
    let body = json!({"kind": "native", "name": "short", "expires_at": end.to_string()});
    let request = Request::new("POST", "/strongroom/v1/tokens").bearer(maker).json(&body);
    let answer = wire.call(&request).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn status(wire: &mut Wire, token: &str) -> u16 {
    wire.call(&Request::new("GET", "/strongroom/v1/tokens").bearer(token)).unwrap().status
}

/// A server whose clock says what the file says; its timers go on as they are.
fn start(store: &Store, library: &Path, clock: &Path) -> Server {
    let mut command = store.command(&["serve"]);
    command
        .env("STRONGROOM_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("DONT_FAKE_MONOTONIC", "1");
    Server::start(command, &store.log_file())
}

/// Moves the clock in one step: a file that is half written would be no time.
fn set(clock: &Path, to: &str) {
    let next = clock.with_extension("next");
    std::fs::write(&next, format!("{to}\n")).unwrap();
    std::fs::rename(next, clock).unwrap();
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
}

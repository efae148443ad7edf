//! The root key replaced three times under load, the server killed with signal 9 amid it: nothing becomes
//! unreadable, nothing stays under an older key, and a start without a key that is still needed is refused.

use std::fs;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use crate::common::{Server, Store};
use crate::proof::{figures, sized};
use crate::reader::Reader;
use crate::wire::{Request, Wire};

/// Credentials in the store; ten times as many are a long run.
const CREDENTIALS: usize = 2_000;
const ROTATIONS: usize = 3;
const KILLS: usize = 3;
const WRITERS: usize = 4;

#[test]
fn the_root_key_is_replaced_under_load_and_kills_on_sqlite() {
    rotate_under_load(&Store::sqlite());
}

#[test]
fn the_root_key_is_replaced_under_load_and_kills_on_postgres() {
    rotate_under_load(&Store::postgres());
}

fn rotate_under_load(store: &Store) {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut server = store.start();
    let token = Reader::log_in(&server).token;
    let credentials = sized(CREDENTIALS);
    fill(&server, &token, credentials);
    for rotation in 0..ROTATIONS {
        let before = active(store);
        // On a larger store the same number of kills is spread over a longer time.
        for _ in 0..KILLS {
            let delay = Duration::from_millis(rng.u64(5..120 + credentials as u64 / 20));
            under_load(&server, &token, &format!("{rotation}"), || {
                let rotating = store.command(&["keys", "rotate"]).spawn();
                thread::sleep(delay);
                server.signal(rustix::process::Signal::KILL);
                let mut rotating = rotating.unwrap();
                rotating.wait().unwrap();
            });
            server.wait();
            server = store.start();
        }
        let mut said = String::new();
        under_load(&server, &token, &format!("{rotation}-last"), || {
            said = succeeded(&store.run(&["keys", "rotate"]));
        });
        assert!(said.contains("nothing is left under an older root key"), "{said}");
        let status = succeeded(&store.run(&["keys", "status"]));
        let values = |line: &str| line.split_whitespace().nth(2).unwrap().parse::<u64>().unwrap();
        for line in status.lines() {
            assert_eq!(values(line) == 0, !line.contains("active"), "{status}");
        }
        // The kills may have let one rotation end and the next begin, but never none.
        assert_ne!(active(store), before);
    }
    let verified = succeeded(&store.run(&["keys", "verify"]));
    assert!(verified.starts_with("all ") && verified.contains("values open"), "{verified}");
    // What is new is sealed under the newest key: the older ones may go.
    server.stop();
    remove_older_keys(store);
    let server = store.start();
    let verified = succeeded(&store.run(&["keys", "verify"]));
    assert!(verified.starts_with("all "), "{verified}");
    refuse_too_early(store, server);
    figures(
        &format!("root key, {}", store.kind()),
        "the root key is replaced under load and kills: everything opens, nothing is left under an older key",
        &json!({
            "credentials": credentials, "rotations": ROTATIONS, "kills": ROTATIONS * KILLS,
            "unreadable": 0, "left": 0, "seed": seed,
        }),
    );
}

/// A rotation that has only begun, and its old key taken away.
fn refuse_too_early(store: &Store, mut server: Server) {
    let key = store.data_dir().join("keys/root.key");
    let request = b"POST /strongroom/v1/host/keys/rotation HTTP/1.1\r\nHost: localhost\r\n\
                    Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    let socket = store.data_dir().join("strongroom.sock");
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    std::io::Write::write_all(&mut stream, request).unwrap();
    let answer = crate::common::http::Answer::read(stream).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let waiting = answer.json()["waiting"].as_u64().unwrap();
    server.stop();
    let old = fs::read(&key).unwrap();
    fs::rename(key.with_file_name("root.key.next"), &key).unwrap();
    let refused = store.run(&["keys", "status"]);
    assert_eq!(refused.status.code(), Some(18));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(&format!("{waiting} sealed values")), "{said}");
    let next = key.with_file_name("root.key.next");
    fs::rename(&key, &next).unwrap();
    fs::write(&key, old).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    let said = succeeded(&store.run(&["keys", "rotate"]));
    assert!(said.starts_with("going on with"), "{said}");
}

fn fill(server: &Server, token: &str, count: usize) {
    let address = server.address();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                let mut wire = Wire::open(address).unwrap();
                for number in (writer..count).step_by(WRITERS) {
                    let answer = create(&mut wire, token, &format!("c{number}")).unwrap();
                    assert_eq!(answer, 201);
                }
            });
        }
    });
}

/// Writers at work while something is done. They end when the server is gone or it is done.
fn under_load(server: &Server, token: &str, name: &str, work: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    let address = server.address();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let stop = &stop;
            scope.spawn(move || {
                let Ok(mut wire) = Wire::open(address) else { return };
                let unique = fastrand::u64(..);
                for number in 0.. {
                    let name = format!("{name}-{writer}-{unique:x}-{number}");
                    match create(&mut wire, token, &name) {
                        Ok(status) => assert!(matches!(status, 201 | 503), "{status}"),
                        Err(_) => return,
                    }
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        work();
        stop.store(true, Ordering::Relaxed);
    });
}

fn create(wire: &mut Wire, token: &str, name: &str) -> std::io::Result<u16> {
    let inputs = json!({"username": name, "password": format!("secret of {name}")});
    let body = json!({"name": name, "type": 1, "inputs": inputs, "user": 1});
    let request = Request::new("POST", "/strongroom/v1/credentials").bearer(token).json(&body);
    wire.call(&request).map(|answer| answer.status)
}

fn active(store: &Store) -> String {
    let status = succeeded(&store.run(&["keys", "status"]));
    let line = status.lines().find(|line| line.contains("active")).unwrap();
    line.split_whitespace().next().unwrap().to_owned()
}

fn remove_older_keys(store: &Store) {
    for entry in fs::read_dir(store.data_dir().join("keys")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "root.key") {
            fs::remove_file(path).unwrap();
        }
    }
}

fn succeeded(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

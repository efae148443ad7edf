//! Every call to the disk may fail: the n-th of each thread does, for every n of a script of requests.

use std::process::{Command, Stdio};

use serde_json::json;

use super::house::House;
use super::{is_root, tool};
use crate::common::{ADMIN_PASSWORD, Server, Store};
use crate::proof::{figures, sized};
use crate::wire::Wire;

/// The calls by which SQLite changes a file, each with an error that it can bring.
const CALLS: [(&str, &str); 4] =
    [("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync,fsync", "EIO"), ("ftruncate", "EIO")];

#[test]
fn the_nth_call_to_the_disk_fails() {
    let name = "the_nth_call_to_the_disk_fails";
    if !is_root(name) || tool("strace", name).is_none() {
        return;
    }
    let most = sized(5);
    let furnished = Store::sqlite();
    let mut server = furnished.start();
    let house = House::furnish(&server);
    server.stop();
    let (mut rounds, mut refused, mut acknowledged) = (0, 0, 0);
    for (calls, error) in CALLS {
        for n in 1..=most {
            let fault = format!("inject={calls}:error={error}:when={n}");
            let store = furnished.copy();
            let (told, kept) = one_round(&store, house.clone(), &fault);
            rounds += 1;
            refused += told;
            acknowledged += kept;
        }
    }
    assert!(0 < refused, "no fault met a request");
    figures(
        "every call to the disk",
        "the n-th call to the disk fails: the request is refused, the next is answered, nothing acknowledged is lost",
        &json!({"rounds": rounds, "refused": refused, "acknowledged": acknowledged, "lost": 0}),
    );
}

/// A fault in the middle of some more requests, a restart, and a look at everything.
fn one_round(store: &Store, mut house: House, fault: &str) -> (usize, usize) {
    let mut refused = 0;
    // A fault that meets the start ends the server with a word; the next start finds everything.
    if let Some(mut server) = traced(store, fault) {
        let mut wire = Wire::open(server.address()).unwrap();
        for door in (0..house.doors.len()).chain(0..house.doors.len()) {
            if let Err(refusal) = house.write(&mut wire, door) {
                refused += 1;
                house.check_refusal(door, &refusal);
                let again = house.write(&mut wire, door);
                assert!(again.is_ok(), "{fault}: {:?}", again.map_err(|answer| answer.text()));
            }
        }
        house.check_reads(&mut wire);
        drop(wire);
        server.stop();
    }
    let mut server = store.start();
    house.check_reads(&mut Wire::open(server.address()).unwrap());
    server.stop();
    House::check_store(store);
    assert!(!store.log().contains("panicked"), "{}", store.log());
    (refused, house.kept.len())
}

/// A server under a tracer, unless the fault meets its start.
fn traced(store: &Store, fault: &str) -> Option<Server> {
    let plain = store.command(&["serve"]);
    let mut command = Command::new("strace");
    command
        // The tracer is a grandchild, so that the child is the server itself.
        .args(["-D", "-f", "-o", "/dev/null", "-e", TRACED, "-e", "signal=none", "-e", fault])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env_clear()
        .envs(store.environment())
        .env("STRONGROOM_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .current_dir(store.folder())
        .stdin(Stdio::null());
    Server::try_start(command, &store.log_file())
}

/// What the tracer looks at; it can make no other call fail.
const TRACED: &str = "trace=pwrite64,ftruncate,fsync,fdatasync";

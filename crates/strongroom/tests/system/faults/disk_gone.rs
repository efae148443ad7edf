//! A disk that fails while the server runs: every write an input/output error, or the file system read-only.
//!
//! The system calls of the running server are made to fail from outside, by a tracer that comes and goes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::house::House;
use super::{is_root, tool};
use crate::common::Store;
use crate::proof::{figures, sized};
use crate::wire::Wire;

#[test]
fn a_disk_that_fails_refuses_writes_and_nothing_else() {
    broken("a_disk_that_fails_refuses_writes_and_nothing_else", "input/output errors", "EIO");
}

#[test]
fn a_disk_that_became_read_only_refuses_writes_and_nothing_else() {
    broken(
        "a_disk_that_became_read_only_refuses_writes_and_nothing_else",
        "read-only file system",
        "EROFS",
    );
}

fn broken(name: &str, suite: &str, error: &str) {
    if !is_root(name) || tool("strace", name).is_none() {
        return;
    }
    let cycles = sized(3);
    let store = Store::sqlite();
    let mut server = store.start();
    let mut house = House::furnish(&server);
    let mut wire = Wire::open(server.address()).unwrap();
    let mut slowest = Duration::ZERO;
    for cycle in 0..cycles {
        let fault = Fault::begin(server.id(), error);
        // The tracer holds every thread once each has stopped for it.
        assert!((0..500).any(|_| house.write(&mut wire, 0).is_err()), "no fault met a write");
        for door in 0..house.doors.len() {
            let begin = Instant::now();
            let refusal = house.write(&mut wire, door).expect_err("a write without a disk");
            slowest = slowest.max(begin.elapsed());
            house.check_refusal(door, &refusal);
        }
        house.check_reads(&mut wire);
        house.check_nothing_leaves_unrecorded(&mut wire);
        fault.end();
        for door in 0..house.doors.len() {
            let written = house.write(&mut wire, door);
            assert!(
                written.is_ok(),
                "cycle {cycle}: {:?}",
                written.map_err(|answer| answer.text())
            );
        }
        house.check_value_leaves(&mut wire);
    }
    assert!(slowest < Duration::from_secs(2), "a refusal took {slowest:?}");
    house.check_reads(&mut wire);
    drop(wire);
    server.stop();
    let mut server = store.start();
    house.check_reads(&mut Wire::open(server.address()).unwrap());
    server.stop();
    House::check_store(&store);
    house.check_releases(&store);
    figures(
        suite,
        "a disk that fails refuses writes in each dialect's shape; reads go on; it recovers without a restart",
        &json!({
            "cycles": cycles, "acknowledged": house.kept.len(), "lost": 0,
            "slowest_refusal_ms": slowest.as_millis(),
        }),
    );
}

/// A tracer that makes the calls fail by which a file is changed.
struct Fault {
    tracer: Child,
}

impl Fault {
    /// Comes, and waits until it knows every thread of the server.
    fn begin(process: u32, error: &str) -> Self {
        let mut tracer = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e", "signal=none"])
            .args(["-e", &format!("inject={CALLS}:error={error}")])
            .args(["-p", &process.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(tracer.stderr.take().unwrap()).lines().map_while(Result::ok);
        let attached = said.any(|line| line.contains("attached"));
        assert!(attached, "strace could not attach to the server");
        // What it says of threads that come and go is heard, so that it never waits for a listener.
        std::thread::spawn(move || said.count());
        Self { tracer }
    }

    /// Goes, and leaves the server alone.
    fn end(mut self) {
        self.leave();
    }

    fn leave(&mut self) {
        let id = rustix::process::Pid::from_child(&self.tracer);
        // It lets its tracees go when it is asked to end; a kill would do the same less gently.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
        let _ = self.tracer.wait();
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The calls by which a file is changed.
const CALLS: &str = "pwrite64,pwritev,ftruncate,fsync,fdatasync";

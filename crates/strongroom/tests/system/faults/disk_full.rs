//! A disk with no room left: a small file system of its own, filled up and freed again and again.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::house::House;
use super::{is_root, tool};
use crate::common::{Server, Store};
use crate::proof::{figures, sized};
use crate::wire::{Request, Wire};

#[test]
fn a_full_disk_refuses_writes_and_nothing_else() {
    let name = "a_full_disk_refuses_writes_and_nothing_else";
    if !is_root(name) || tool("mount", name).is_none() {
        return;
    }
    let cycles = sized(4);
    let store = Store::sqlite();
    let Some(disk) = SmallDisk::mount(&store.data_dir()) else {
        println!("{name}: nothing was tested, because nothing can be mounted here");
        return;
    };
    let mut server = store.start();
    let mut house = House::furnish(&server);
    let mut wire = Wire::open(server.address()).unwrap();
    let mut refused = 0;
    for cycle in 0..cycles {
        disk.fill();
        refused += refused_everywhere(&mut house, &mut wire);
        house.check_reads(&mut wire);
        house.check_nothing_leaves_unrecorded(&mut wire);
        check_alive(&server);
        disk.free();
        // No restart, no waiting: the next write finds room.
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
    house.check_reads(&mut wire);
    drop(wire);
    server.stop();
    let mut server = store.start();
    house.check_reads(&mut Wire::open(server.address()).unwrap());
    server.stop();
    House::check_store(&store);
    house.check_releases(&store);
    figures(
        "disk full",
        "a full disk refuses writes in each dialect's shape; reads go on; nothing acknowledged is lost",
        &json!({"cycles": cycles, "refused": refused, "acknowledged": house.kept.len(), "lost": 0}),
    );
}

/// Writes through every door until each refuses; the log may still have room for some. How many were refused.
fn refused_everywhere(house: &mut House, wire: &mut Wire) -> usize {
    let mut refused = 0;
    for door in 0..house.doors.len() {
        let refusal = (0..2000).find_map(|_| house.write(wire, door).err());
        let refusal = refusal.expect("a full disk takes no end of writes");
        house.check_refusal(door, &refusal);
        refused += 1;
    }
    refused
}

fn check_alive(server: &Server) {
    let answer = Wire::open(server.address()).unwrap().call(&Request::new("GET", "/healthz"));
    assert_eq!(answer.unwrap().status, 200);
}

/// A file system of a few MiB in memory, gone with its value.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts it, if that is allowed here.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let options = format!("size={}m,mode=0700", sized(DISK));
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(at)
            .output()
            .unwrap();
        mounted.status.success().then(|| Self { at: at.to_owned() })
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        // The last part of a page.
        while file.write_all(&[0]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that a failed test left behind may still hold files.
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

/// MiB that are enough for the store of the test and its log.
const DISK: usize = 12;

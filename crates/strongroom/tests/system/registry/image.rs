//! The smallest image: one layer with one file, as a folder in the layout of OCI.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use strongroom_seal::digest::sha256;

/// Writes an image into a folder.
pub(super) fn write(folder: &Path) {
    fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    let layer = archive("hello.txt", b"hello\n");
    let layer = blob(folder, &layer, "application/vnd.oci.image.layer.v1.tar");
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    });
    let config =
        blob(folder, config.to_string().as_bytes(), "application/vnd.oci.image.config.v1+json");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
    });
    let manifest = blob(folder, manifest.to_string().as_bytes(), MANIFEST);
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), json!({"imageLayoutVersion": "1.0.0"}).to_string())
        .unwrap();
}

/// Keeps a blob under its digest and describes it.
fn blob(folder: &Path, bytes: &[u8], media_type: &str) -> Value {
    let mut digest = String::new();
    for byte in sha256(bytes) {
        write!(digest, "{byte:02x}").unwrap();
    }
    fs::write(folder.join("blobs/sha256").join(&digest), bytes).unwrap();
    json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()})
}

/// A tar archive of one file.
fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, text: &str| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend_from_slice(content);
    archive.resize(archive.len().div_ceil(512) * 512 + 1024, 0);
    archive
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

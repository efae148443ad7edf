//! Which file systems are reached over a network: the locks and shared memory of the embedded
//! database do not hold there.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

/// The kind of network file system on which an open file lies, if it is one.
pub(crate) fn network_filesystem(file: &File) -> io::Result<Option<String>> {
    let magic = magic_of(file)?;
    if let Some((_, name)) = NETWORK.iter().find(|(known, _)| *known == magic) {
        return Ok(Some((*name).to_owned()));
    }
    if magic != FUSE {
        return Ok(None);
    }
    // FUSE is as often a local disk as a remote one: only the type in the mount table tells.
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let device = file.metadata()?.dev();
    let kind = mount_type(&mounts, rustix::fs::major(device), rustix::fs::minor(device));
    Ok(kind.filter(|kind| NETWORK_FUSE.contains(kind)).map(str::to_owned))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a magic number has 32 bits, whatever the width and sign of the field"
)]
fn magic_of(file: &File) -> io::Result<u32> {
    Ok(rustix::fs::fstatfs(file)?.f_type as u32)
}

/// The type of the file system of a device, as in proc(5): the word after the lonely dash.
fn mount_type(mounts: &str, major: u32, minor: u32) -> Option<&str> {
    let device = format!("{major}:{minor}");
    let line = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&device))?;
    line.split(' ').skip_while(|word| *word != "-").nth(1)
}

const FUSE: u32 = 0x6573_5546;

/// Magic numbers as in statfs(2) and linux/magic.h.
const NETWORK: [(u32, &str); 14] = [
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0000_564c, "NCP"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x1980_0202, "BeeGFS"),
];

const NETWORK_FUSE: [&str; 11] = [
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.davfs",
    "fuse.gcsfuse",
    "fuse.mount-s3",
    "fuse.ceph-fuse",
    "fuse.curlftpfs",
    "fuse.juicefs",
    "fuse.seaweedfs",
];

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
36 35 0:51 / /mnt/remote rw,relatime shared:1 master:2 - fuse.sshfs user@host:/ rw,user_id=0
37 35 0:52 / /mnt/local rw - fuseblk /dev/sdb1 rw
38 35 8:1 / / rw - ext4 /dev/sda1 rw
";

    #[test]
    fn the_type_is_found_by_device() {
        assert_eq!(mount_type(MOUNTS, 0, 51), Some("fuse.sshfs"));
        assert_eq!(mount_type(MOUNTS, 0, 52), Some("fuseblk"));
        assert_eq!(mount_type(MOUNTS, 8, 1), Some("ext4"));
        assert_eq!(mount_type(MOUNTS, 8, 2), None);
        assert_eq!(mount_type("garbage\n1 2 8:1", 8, 1), None);
    }

    #[test]
    fn no_magic_number_stands_for_a_local_disk() {
        let local = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1];
        for magic in local {
            assert!(NETWORK.iter().all(|(known, _)| *known != magic), "{magic:#x}");
        }
        let file = tempfile::tempfile().unwrap();
        assert_eq!(network_filesystem(&file).unwrap(), None);
    }
}

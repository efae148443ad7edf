//! Key bytes that stay in memory: on a page of their own, kept out of swap where the system allows it, and wiped
//! before the page is given back.

use region::LockGuard;
use zeroize::Zeroize;

use crate::envelope::KEY_LENGTH;

/// A key on a page of its own.
pub(crate) struct LockedKey {
    page: Box<Page>,
    /// Absent where the system refused because its limit of locked memory is used up.
    lock: Option<LockGuard>,
}

/// As large as a page, so that unlocking one key does not unlock another.
#[repr(align(4096))]
struct Page([u8; PAGE]);

impl LockedKey {
    /// Copies the key.
    pub(crate) fn new(key: &[u8; KEY_LENGTH]) -> Self {
        let mut page = Box::new(Page([0; PAGE]));
        // Locked before anything is in it.
        let lock = region::lock(page.0.as_ptr(), PAGE).ok();
        page.0[..KEY_LENGTH].copy_from_slice(key);
        Self { page, lock }
    }

    /// The key.
    pub(crate) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        self.page.0.first_chunk().unwrap_or(&[0; KEY_LENGTH])
    }
}

impl Drop for LockedKey {
    fn drop(&mut self) {
        self.page.0.zeroize();
        // While the page is still there.
        drop(self.lock.take());
    }
}

const PAGE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_and_its_page_locked_where_the_system_allows_it() {
        let locked = |status: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with("VmLck")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let status = || std::fs::read_to_string("/proc/self/status").unwrap();
        let key = LockedKey::new(&[7; KEY_LENGTH]);
        assert_eq!(key.bytes(), &[7; KEY_LENGTH]);
        if key.lock.is_some() {
            assert!(4 <= locked(&status()), "{}", status());
        }
    }
}

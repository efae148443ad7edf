//! The Merkle tree of RFC 6962 over the links of the audit log, kept as the hashes at its right edge.

use strongroom_seal::digest::sha256;

use super::Link;

/// The hash of a tree or of a part of it.
pub type TreeHash = [u8; 32];

/// A tree that grows at its right: the hashes of its whole subtrees, the largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<TreeHash>,
}

impl Frontier {
    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds the link of the next entry as a leaf.
    pub fn push(&mut self, link: &Link) {
        let mut hash = sha256(&[&[0], link.as_slice()].concat());
        // Every subtree that is now whole is joined with its left neighbour of the same size.
        let mut size = self.size;
        while size % 2 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node(&left, &hash);
            size /= 2;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The hash of the whole tree.
    pub fn root(&self) -> TreeHash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return sha256(&[]) };
        peaks.fold(*last, |right, left| node(left, &right))
    }

    /// The hashes, one after the other, for the store.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    /// What [`Frontier::to_bytes`] gave for a tree of that size; `None` if it did not.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<32>();
        let whole = rest.is_empty() && u32::try_from(chunks.len()) == Ok(size.count_ones());
        whole.then(|| Self { size, peaks: chunks.to_vec() })
    }
}

fn node(left: &TreeHash, right: &TreeHash) -> TreeHash {
    sha256(&[&[1], left.as_slice(), right.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition of RFC 6962, section 2.1, word for word.
    fn defined(leaves: &[Link]) -> TreeHash {
        match leaves {
            [] => sha256(&[]),
            [leaf] => sha256(&[&[0], leaf.as_slice()].concat()),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node(&defined(&leaves[..split]), &defined(&leaves[split..]))
            }
        }
    }

    proptest! {
        #[test]
        fn the_root_is_the_defined_one(leaves in proptest::collection::vec(any::<Link>(), 0..70)) {
            let mut frontier = Frontier::default();
            for (size, leaf) in leaves.iter().enumerate() {
                prop_assert_eq!(frontier.root(), defined(&leaves[..size]));
                let kept = Frontier::from_bytes(frontier.size(), &frontier.to_bytes());
                prop_assert_eq!(kept.as_ref(), Some(&frontier));
                frontier.push(leaf);
            }
            prop_assert_eq!(frontier.root(), defined(&leaves));
            prop_assert!(Frontier::from_bytes(frontier.size() + 1, &frontier.to_bytes()).is_none()
                || frontier.size().count_ones() == (frontier.size() + 1).count_ones());
        }
    }
}

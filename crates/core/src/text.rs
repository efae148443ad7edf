//! Names are compared after Unicode NFKC and case folding, everywhere alike.

use unicode_normalization::UnicodeNormalization;

/// The canonical form by which names are unique and throttles count.
///
/// NFKC, full case folding, NFKC again, so that no spelling of one name escapes another.
pub fn fold(name: &str) -> String {
    let composed: String = name.trim().nfkc().collect();
    caseless::default_case_fold_str(&composed).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_fold_together() {
        for (one, other) in
            [("Admin", "ADMIN"), ("ﬁx", "FIX"), ("straße", "STRASSE"), ("Å", "Å"), (" a ", "A")]
        {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }
}

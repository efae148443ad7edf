//! Which e-mail addresses are shown. The product's clients check them and fail on one that they do not take.

/// The address if every client takes it, else nothing.
pub(super) fn shown(address: &str) -> &str {
    if is_plain(address) { address } else { "" }
}

/// A dotted local part of plain characters, and a domain of at least two labels that the internet could know.
fn is_plain(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    address.len() <= 254
        && local.len() <= 64
        && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_local))
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && !domain.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit())
        && !is_special(domain)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Domains that are reserved for other things than mail.
fn is_special(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    SPECIAL.iter().any(|special| last.eq_ignore_ascii_case(special))
}

const SPECIAL: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_addresses_that_clients_take_are_shown() {
        for address in
            ["x@example.com", "x@host.internal", "a.b+c@sub.example.org", "X@EXAMPLE.COM"]
        {
            assert_eq!(shown(address), address);
        }
        for address in [
            "",
            "admin",
            "admin@localhost",
            "x@host.local",
            "x@host.TEST",
            "x@192.0.2.1",
            "x@-a.com",
            "x@a..com",
            ".x@example.com",
            "x y@example.com",
            "\u{e9}@example.com",
            "a@b@example.com",
        ] {
            assert_eq!(shown(address), "", "{address}");
        }
        assert_eq!(shown(&format!("{}@example.com", "x".repeat(65))), "");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_address_or_nothing(address in ".{0,40}") {
            prop_assert!(shown(&address).is_empty() || shown(&address) == address);
        }
    }
}

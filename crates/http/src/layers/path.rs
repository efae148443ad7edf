//! The one form of a path that is taken.

use percent_encoding::percent_decode_str;

/// Whether a path is in the one form that is taken; anything else names nothing.
///
/// It starts with a slash, has no empty segment but the last, no `.` or `..` however they are encoded, and
/// every segment decodes to UTF-8 without control characters. A slash or backslash may not hide in a
/// segment, so that nobody in front of the server reads the path differently; names in AWX's paths may hold
/// an encoded slash, as its own links do.
pub(crate) fn is_canonical(path: &str, takes_encoded_slash: bool) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() {
            return segments.peek().is_none();
        }
        if !is_segment(segment, takes_encoded_slash) {
            return false;
        }
    }
    true
}

fn is_segment(segment: &str, takes_encoded_slash: bool) -> bool {
    if !is_encoded_well(segment) {
        return false;
    }
    let Ok(text) = percent_decode_str(segment).decode_utf8() else { return false };
    let allowed = |character: char| match character {
        '/' => takes_encoded_slash,
        '\\' => false,
        _ => !character.is_control(),
    };
    !matches!(&*text, "." | "..") && text.chars().all(allowed)
}

/// Whether each percent sign is followed by two hexadecimal digits.
fn is_encoded_well(segment: &str) -> bool {
    segment
        .split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_has_one_form() {
        for path in [
            "/",
            "/api/",
            "/api/v2/users/al%20ice/",
            "/api/v2/users/%C3%A9/",
            "/...",
            "/a/%2e%2e%2e",
        ] {
            assert!(is_canonical(path, false), "{path}");
        }
        for path in [
            "",
            "*",
            "api",
            "//",
            "//api/",
            "/api//v2/",
            "/api/./",
            "/api/../v3",
            "/api/%2e%2E/",
            "/api/.%2e/",
            "/api/%2E/",
            "/a%00b",
            "/a%0d%0a",
            "/a%7F",
            "/%ff",
            "/%c0%af",
            "/%",
            "/%4",
            "/%zz",
            "/a%5cb",
            "/a%2fb",
            "/a%2Fb",
            "/%C2%85",
        ] {
            assert!(!is_canonical(path, false), "{path}");
        }
        assert!(is_canonical("/api/v2/organizations/a%2Fb/", true));
        assert!(!is_canonical("/api/%2e%2e%2f/%2e/", true));
    }

    proptest! {
        #[test]
        fn whatever_is_taken_decodes_to_segments_that_stay_where_they_are(path in "(/|%2[eEfF]|\\.|a|%00|%){0,12}") {
            if is_canonical(&path, false) {
                let decoded = percent_decode_str(&path).decode_utf8().unwrap();
                prop_assert_eq!(decoded.matches('/').count(), path.matches('/').count());
                prop_assert!(!decoded.split('/').any(|segment| segment == "." || segment == ".."));
            }
        }
    }
}

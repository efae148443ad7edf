//! Logging what nobody outside may see.

use std::error::Error as _;

use strongroom_core::Error;

/// Logs an error that is the server's own, once, with its causes; the span names the request.
///
/// Errors that the caller can mend are not logged: they are in the answer, and refusals in the audit.
pub(crate) fn report(error: &Error) {
    match error {
        Error::Internal(_) => tracing::error!(cause = %causes(error), "internal error"),
        Error::Unavailable(_) => tracing::warn!(cause = %causes(error), "store not available"),
        Error::StorageFull(_) => tracing::error!(cause = %causes(error), "storage is full"),
        _ => {}
    }
}

fn causes(error: &Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_from_the_outside_in() {
        let inner = std::io::Error::other("disk");
        let error = Error::internal(std::io::Error::other(inner));
        assert!(causes(&error).starts_with("disk"), "{}", causes(&error));
        assert_eq!(causes(&Error::TooLarge), "");
    }
}

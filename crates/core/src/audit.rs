//! Audit entries and the link that chains them.

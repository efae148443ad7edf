//! Credential types: their fields and the rules that inputs keep.

/// A rule of credential inputs or of a credential type's own schema.
#[derive(Debug, Clone, PartialEq)]
pub enum InputRule {}

//! Who may do what: one decision function and its tables.

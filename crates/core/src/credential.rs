//! A credential and its inputs.

//! The token server of the container registries, `/token`: a robot's login becomes a short signed token.
//!
//! Clients of registries ask by `GET` with HTTP Basic, or by `POST` with a form as OAuth 2 has it. The certificates
//! by which registries check the tokens are public.

pub(crate) mod error;
mod handlers;
mod request;
mod routes;
mod wire;

pub(crate) use routes::routes;

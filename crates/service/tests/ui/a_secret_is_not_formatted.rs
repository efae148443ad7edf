//! error[E0277]: `secrecy::SecretBox<str>` doesn't implement `std::fmt::Display`

pub fn tell(issued: &strongroom_service::IssuedToken) -> String {
    format!("{}", issued.secret)
}

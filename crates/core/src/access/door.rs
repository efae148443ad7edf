//! Which key opens which door. A key is accepted only where this table says, whatever header carries it.

use super::dialect::{Dialect, DialectSet};

/// A part of the server that has its own way of letting people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// AWX, `/api/`.
    Awx,
    /// AWX's OAuth endpoints, `/api/o/`.
    AwxOauth,
    /// The Probely paths.
    Probely,
    /// Cloud Foundry, `/v3`.
    CloudFoundry,
    /// The token endpoints of the platform, `/uaa`.
    Uaa,
    /// The Application Catalog, `/v1`.
    AppCatalog,
    /// The exchange of the Catalog's API tokens, `/csp`.
    CatalogExchange,
    /// The token server of the container registries, `/token`.
    RegistryToken,
    /// The native API, `/strongroom/v1`.
    Native,
    /// `POST /strongroom/v1/tokens`, which is also a login.
    NativeLogin,
    /// The page, `/ui`.
    Page,
}

impl Door {
    /// Every door.
    pub const ALL: [Self; 11] = [
        Self::Awx,
        Self::AwxOauth,
        Self::Probely,
        Self::CloudFoundry,
        Self::Uaa,
        Self::AppCatalog,
        Self::CatalogExchange,
        Self::RegistryToken,
        Self::Native,
        Self::NativeLogin,
        Self::Page,
    ];

    /// The dialect in which whoever came through the door acts.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Awx | Self::AwxOauth => Dialect::Awx,
            Self::Probely => Dialect::Probely,
            Self::CloudFoundry | Self::Uaa => Dialect::CloudFoundry,
            Self::AppCatalog | Self::CatalogExchange | Self::RegistryToken => Dialect::AppCatalog,
            Self::Native | Self::NativeLogin | Self::Page => Dialect::Native,
        }
    }
}

/// The kinds of key that somebody can present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A person's password by HTTP Basic.
    BasicPassword,
    /// A person's password in the body of one of the logins.
    BodyPassword,
    /// The secret of an OAuth application.
    OauthClientSecret,
    /// AWX's session cookie.
    AwxSession,
    /// An AWX personal or OAuth token.
    AwxToken,
    /// A Probely login token or API key.
    ProbelyKey,
    /// An access token of the platform.
    UaaToken,
    /// A refresh token of the platform, which only buys access tokens.
    UaaRefresh,
    /// The secret of a client of the platform.
    UaaClient,
    /// An API token of the Catalog.
    CatalogApiToken,
    /// What an API token of the Catalog is exchanged for.
    CatalogAccessToken,
    /// A minted registry credential.
    Robot,
    /// A native token, which opens the dialects that were listed when it was made too.
    NativeToken,
    /// The session of the page.
    PageSession,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::BasicPassword,
        Self::BodyPassword,
        Self::OauthClientSecret,
        Self::AwxSession,
        Self::AwxToken,
        Self::ProbelyKey,
        Self::UaaToken,
        Self::UaaRefresh,
        Self::UaaClient,
        Self::CatalogApiToken,
        Self::CatalogAccessToken,
        Self::Robot,
        Self::NativeToken,
        Self::PageSession,
    ];

    /// Whether the key opens the door; `listed` are the dialects that a native token was made for.
    pub fn opens(self, door: Door, listed: DialectSet) -> bool {
        match (self, door) {
            (Self::BasicPassword, Door::Awx | Door::NativeLogin)
            | (
                Self::BodyPassword,
                Door::AwxOauth | Door::Probely | Door::Uaa | Door::Page | Door::Awx,
            )
            | (Self::OauthClientSecret, Door::AwxOauth)
            | (Self::AwxSession | Self::AwxToken, Door::Awx)
            | (Self::ProbelyKey, Door::Probely)
            | (Self::UaaToken, Door::CloudFoundry | Door::Uaa)
            | (Self::UaaRefresh | Self::UaaClient, Door::Uaa)
            | (Self::CatalogApiToken, Door::CatalogExchange)
            | (Self::CatalogAccessToken, Door::AppCatalog)
            | (Self::Robot, Door::RegistryToken)
            | (Self::NativeToken, Door::Native | Door::NativeLogin)
            | (Self::PageSession, Door::Page) => true,
            (
                Self::NativeToken,
                Door::Awx | Door::Probely | Door::CloudFoundry | Door::AppCatalog,
            ) => listed.contains(door.dialect()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_one_dialect_opens_no_other() {
        for kind in [
            KeyKind::AwxToken,
            KeyKind::AwxSession,
            KeyKind::ProbelyKey,
            KeyKind::UaaToken,
            KeyKind::CatalogAccessToken,
            KeyKind::CatalogApiToken,
            KeyKind::Robot,
        ] {
            let doors = Door::ALL.into_iter().filter(|door| kind.opens(*door, DialectSet::ALL));
            let dialects: Vec<_> = doors.map(Door::dialect).collect();
            assert!(!dialects.is_empty(), "{kind:?} opens nothing");
            assert!(dialects.iter().all(|dialect| *dialect == dialects[0]), "{kind:?}");
        }
    }

    #[test]
    fn a_native_token_opens_only_what_it_was_made_for() {
        for door in [Door::Awx, Door::Probely, Door::CloudFoundry, Door::AppCatalog] {
            assert!(!KeyKind::NativeToken.opens(door, DialectSet::NONE));
            assert!(KeyKind::NativeToken.opens(door, DialectSet::only(door.dialect())));
        }
        for door in [Door::RegistryToken, Door::Page, Door::CatalogExchange, Door::AwxOauth] {
            assert!(!KeyKind::NativeToken.opens(door, DialectSet::ALL), "{door:?}");
        }
    }

    #[test]
    fn a_robot_opens_the_registry_and_nothing_else() {
        for door in Door::ALL {
            assert_eq!(KeyKind::Robot.opens(door, DialectSet::ALL), door == Door::RegistryToken);
        }
    }

    #[test]
    fn a_password_by_basic_opens_awx_and_the_native_login() {
        for door in Door::ALL {
            let opens = KeyKind::BasicPassword.opens(door, DialectSet::ALL);
            assert_eq!(opens, matches!(door, Door::Awx | Door::NativeLogin), "{door:?}");
        }
    }
}

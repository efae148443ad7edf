//! Values of credentials that leave.

use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Map, Value};
use strongroom_service::{CheckedOut, RegistryAccess};

use super::{Ids, Named};

/// A credential with all its inputs, secret ones in clear.
#[derive(Serialize)]
pub(in crate::native) struct CheckedOutShown {
    #[serde(flatten)]
    ids: Ids,
    name: String,
    r#type: Named,
    version: u64,
    inputs: Map<String, Value>,
}

/// A registry credential that can be checked out.
#[derive(Debug, Serialize)]
pub(in crate::native) struct RegistryAccessShown {
    id: i64,
    location: String,
    username: String,
}

impl From<CheckedOut> for CheckedOutShown {
    fn from(checked_out: CheckedOut) -> Self {
        let CheckedOut { credential, type_id, type_name, secrets } = checked_out;
        let mut inputs = credential.inputs;
        let opened = secrets.into_iter();
        inputs.extend(opened.map(|(field, value)| (field, value.expose_secret().into())));
        Self {
            ids: credential.identity.into(),
            name: credential.name,
            r#type: Named { id: type_id, name: type_name },
            version: credential.version,
            inputs,
        }
    }
}

impl From<RegistryAccess> for RegistryAccessShown {
    fn from(access: RegistryAccess) -> Self {
        let RegistryAccess { id, location, username } = access;
        Self { id, location, username }
    }
}

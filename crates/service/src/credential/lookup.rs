//! Whether the look-up of an external credential works. This server does not look up yet, so what is decided here is
//! who may ask, and what may not be asked.

use serde_json::{Map, Value};
use strongroom_core::Result;
use strongroom_core::credential_type::CredentialType;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::id::{Kind, Ref};

use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::credential_type_of;
use crate::credential::values::present_type;
use crate::store::proof;

/// What a request gives to a look-up besides what is stored.
#[derive(Debug, Clone, Default)]
pub struct LookupDraft {
    /// Inputs of the credential.
    pub inputs: Member<Map<String, Value>>,
    /// What is looked up.
    pub metadata: Member<Map<String, Value>>,
}

/// What comes of trying a look-up. None is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupTest {
    /// The credential looks nothing up.
    NotExternal,
    /// Stored secrets do not go to a destination that somebody gives; this field is one.
    Destination(String),
    /// This server does not look up.
    NotCarriedOut,
}

impl Strongroom {
    /// Tries a stored credential, for whoever may *use* it. Nothing is sent.
    pub async fn test_credential(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: LookupDraft,
    ) -> Result<LookupTest> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, row) = tx.credential::<proof::Use>(&actor, &reference)?;
            let given = checked(draft)?;
            let of = present_type(tx, &row.credential)?;
            let holds_secrets = !row.credential.secrets.is_empty();
            Ok(tried(&of, &given, holds_secrets))
        })
        .await
    }

    /// Tries what is given alone, for a system administrator. Nothing is sent.
    pub async fn test_credential_type(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: LookupDraft,
    ) -> Result<LookupTest> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, row) = tx.type_to_read(&reference)?;
            tx.administrator(&actor, Kind::CredentialType)?;
            let given = checked(draft)?;
            Ok(tried(&credential_type_of(row)?, &given, false))
        })
        .await
    }
}

/// The given inputs. What is wrong with the metadata is told of the inputs too: they are one call.
fn checked(draft: LookupDraft) -> Result<Map<String, Value>> {
    let mut faults = Vec::new();
    let inputs = draft.inputs.take("inputs", &mut faults);
    if faults.is_empty() {
        draft.metadata.take("inputs", &mut faults);
    }
    faultless(faults)?;
    Ok(inputs.unwrap_or_default())
}

fn tried(of: &CredentialType, given: &Map<String, Value>, holds_secrets: bool) -> LookupTest {
    if !of.is_external() {
        return LookupTest::NotExternal;
    }
    let mut destinations = of.destinations().filter(|field| given.contains_key(&field.id));
    match destinations.next() {
        Some(field) if holds_secrets => LookupTest::Destination(field.id.clone()),
        _ => LookupTest::NotCarriedOut,
    }
}

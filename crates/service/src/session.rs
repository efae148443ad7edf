//! Sessions of the AWX dialect: begun with a password, kept in a cookie, ended by logging out or by standing idle.

use secrecy::{ExposeSecret, SecretString};
use strongroom_core::access::Door;
use strongroom_core::audit::{Operation, Origin, Touched};
use strongroom_core::id::Kind;
use strongroom_core::record::{Token, TokenKind};
use strongroom_core::{Error, Result};
use strongroom_seal::token;

use crate::actor::Actor;
use crate::authenticate::Presented;
use crate::store::{Audited, NewToken};
use crate::{Strongroom, draw_identity};

/// A session lasts so long after it was last used, in seconds.
pub const SESSION_SECONDS: i64 = 1800;

impl Strongroom {
    /// Begins a session for whoever knows the password. What it gives is presented as
    /// [`Presented::Session`]; it stands for the password, so what is made through it does not end with it.
    ///
    /// Errors as of [`Self::authenticate`].
    pub async fn begin_session(
        &self,
        username: &str,
        password: SecretString,
        origin: Origin,
    ) -> Result<SecretString> {
        let actor = self.log_in(Door::Awx, username, password, origin).await?;
        let drawn = token::Token::generate_plain().map_err(Error::internal)?;
        let (guid, short_id) = draw_identity()?;
        let (by, hash) = (actor.clone(), drawn.hash);
        self.write(&actor, move |tx| {
            let user_id = by.user_id().ok_or(Error::Unauthenticated)?;
            let id = tx.insert_token(&NewToken {
                guid,
                short_id,
                kind: TokenKind::AwxSession,
                user_id,
                organization_id: None,
                parent_id: None,
                hash: &hash,
                name: NAME,
                scope: "write",
                dialects: &[],
                expires: tx.now().plus_seconds(SESSION_SECONDS),
                application_id: None,
            })?;
            tx.note_login(user_id, tx.now())?;
            let token = tx.token(id)?.ok_or(Error::NotFound(Kind::Token))?;
            let mut entry = by.entry(tx.now(), Operation::LogIn, touched(&token));
            "session".clone_into(&mut entry.reason);
            Ok(Audited::new((), entry))
        })
        .await?;
        Ok(drawn.text)
    }

    /// Puts off the end of the actor's session once half of its time is over, and tells whether it did.
    pub async fn prolong_session(&self, actor: &Actor) -> Result<bool> {
        let Some(session) = actor.session else { return Ok(false) };
        let half = session.expires.plus_seconds(-SESSION_SECONDS / 2);
        if self.now() < half {
            return Ok(false);
        }
        let change = move |tx: &mut crate::store::WriteTx<'_>| {
            tx.prolong_token(session.id, tx.now().plus_seconds(SESSION_SECONDS))?;
            Ok(Audited::unchanged(true))
        };
        self.0.store.write(change).await.outcome
    }

    /// Ends a session; one that is none any more is no error.
    pub async fn end_session(&self, session: SecretString, origin: Origin) -> Result<()> {
        if token::hash_plain(session.expose_secret()).is_none() {
            return Ok(());
        }
        let presented = Presented::Session(session);
        let actor = match self.authenticate(Door::Awx, presented, origin).await {
            Ok(actor) => actor,
            Err(Error::Unauthenticated) => return Ok(()),
            Err(error) => return Err(error),
        };
        let Some(session) = actor.session else { return Ok(()) };
        let by = actor.clone();
        self.write(&actor, move |tx| {
            let Some(token) = tx.token(session.id)? else { return Ok(Audited::unchanged(())) };
            tx.delete_token(session.id)?;
            let entry = by.entry(tx.now(), Operation::LogOut, touched(&token));
            Ok(Audited::new((), entry))
        })
        .await
    }
}

fn touched(token: &Token) -> Touched {
    Touched { kind: Kind::Token, id: token.id, name: token.name.clone() }
}

const NAME: &str = "session";

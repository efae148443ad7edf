//! Logging in to an account: a token for one account, renewed, looked at and ended.

use secrecy::SecretString;
use strongroom_core::access::people::is_let_in;
use strongroom_core::access::{Dialect, Door, Role};
use strongroom_core::audit::Origin;
use strongroom_core::draft::Member;
use strongroom_core::id::{Kind, Ref, ShortId};
use strongroom_core::record::TokenKind;
use strongroom_core::{Error, Result};

use crate::actor::{Actor, PresentedToken};
use crate::authenticate::Presented;
use crate::store::ReadTx;
use crate::token::{NamedOrganization, TokenDraft};
use crate::{Strongroom, start};

/// A token that opens an account.
#[derive(Debug)]
pub struct AccountLogin {
    /// What is presented.
    pub token: SecretString,
    /// For how many seconds more it is good.
    pub seconds: i64,
}

impl Strongroom {
    /// Logs a person in to the account that he names by its short id, else to that of his oldest membership; a
    /// system administrator who names none gets the first organization.
    ///
    /// `Unauthenticated` for a wrong name or password and for an account that is not his: nobody can tell which.
    pub async fn log_in_to_account(
        &self,
        username: &str,
        password: SecretString,
        account: Option<String>,
        origin: Origin,
    ) -> Result<AccountLogin> {
        let actor = self.log_in(Door::Probely, username, password, origin).await?;
        let user_id = actor.user_id().ok_or(Error::Unauthenticated)?;
        let account = self.read(move |tx| choose(tx, user_id, account.as_deref())).await?;
        self.issue_login(&actor, account.ok_or(Error::Unauthenticated)?).await
    }

    /// A new login token for the account of another, which stays good for its own time.
    pub async fn refresh_account_login(
        &self,
        token: SecretString,
        origin: Origin,
    ) -> Result<AccountLogin> {
        let (actor, presented) = self.by_login(token, &[TokenKind::ProbelyLogin], origin).await?;
        let account = presented.bounds.organization_id.ok_or(Error::Unauthenticated)?;
        // The new one does not hang on the old: it is what logging in again would give.
        self.issue_login(&Actor { token: None, ..actor }, account).await
    }

    /// For how long a login token or API key is still good.
    pub async fn verify_account_login(
        &self,
        token: SecretString,
        origin: Origin,
    ) -> Result<AccountLogin> {
        let kinds = [TokenKind::ProbelyLogin, TokenKind::Probely];
        let (_, presented) = self.by_login(token.clone(), &kinds, origin).await?;
        Ok(AccountLogin { token, seconds: self.seconds_left(&presented) })
    }

    /// Ends a login token and the API keys that were made with it.
    pub async fn revoke_account_login(
        &self,
        token: SecretString,
        origin: Origin,
    ) -> Result<AccountLogin> {
        let (actor, presented) =
            self.by_login(token.clone(), &[TokenKind::ProbelyLogin], origin).await?;
        self.revoke_token(&actor, &Ref::Serial(presented.id)).await?;
        Ok(AccountLogin { token, seconds: 0 })
    }

    async fn issue_login(&self, actor: &Actor, account: i64) -> Result<AccountLogin> {
        let organization = NamedOrganization::Id(Ref::Serial(account));
        let draft = TokenDraft {
            kind: TokenKind::ProbelyLogin,
            name: Member::Given("login".to_owned()),
            scope: Member::Absent,
            organization: Member::Given(Some(organization)),
            dialects: Member::Absent,
            expires: Member::Given(self.now().plus_seconds(LOGIN_SECONDS)),
            username: None,
            application: Member::Absent,
        };
        let issued = self.issue_token(actor, draft).await?;
        Ok(AccountLogin { token: issued.secret, seconds: LOGIN_SECONDS })
    }

    /// Whose token it is, when it is of one of these kinds.
    async fn by_login(
        &self,
        token: SecretString,
        kinds: &[TokenKind],
        origin: Origin,
    ) -> Result<(Actor, PresentedToken)> {
        let actor = self.authenticate(Door::Probely, Presented::Bearer(token), origin).await?;
        match actor.token {
            Some(presented) if kinds.contains(&presented.kind) => Ok((actor, presented)),
            _ => Err(Error::Unauthenticated),
        }
    }

    fn seconds_left(&self, token: &PresentedToken) -> i64 {
        let left = token.bounds.expires.as_micros().saturating_sub(self.now().as_micros());
        left.max(0) / 1_000_000
    }
}

/// The account that a login leads to, if there is one.
fn choose(tx: &ReadTx<'_>, user_id: i64, wanted: Option<&str>) -> Result<Option<i64>> {
    let standing = tx.standing_of_user(user_id)?;
    let find = |reference: &Ref| tx.id_of(Kind::Organization, reference);
    if let Some(wanted) = wanted {
        let Ok(short_id) = wanted.parse::<ShortId>() else { return Ok(None) };
        let is_member = |id: &i64| is_let_in(&standing, Dialect::Probely, *id);
        return Ok(find(&Ref::Short(short_id))?.filter(is_member));
    }
    if standing.is_superuser
        && let Some(first) = find(&Ref::Serial(start::FIRST_ORGANIZATION))?
    {
        return Ok(Some(first));
    }
    // A membership is as old as the youngest grant on the way to it.
    let memberships = standing.holdings.iter().filter(|held| held.role == Role::ProbelyMember);
    let oldest = memberships.min_by_key(|held| held.grants.iter().max());
    Ok(oldest.map(|held| held.resource_id))
}

/// A year, as the product's documentation has it.
const LOGIN_SECONDS: i64 = 31_536_000;

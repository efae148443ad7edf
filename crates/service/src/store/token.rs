//! Tokens: rows that hold a hash, never the token.

use super::directory::by_ref;
use super::row::Row;
use super::tx::{ReadTx, WriteTx};
use strongroom_core::access::Dialect;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::{Guid, Ref, ShortId};
use strongroom_core::record::{Token, TokenKind};
use strongroom_core::{Error, Result};

/// A token that has no row yet.
pub(crate) struct NewToken<'a> {
    pub(crate) guid: Guid,
    pub(crate) short_id: ShortId,
    pub(crate) kind: TokenKind,
    pub(crate) user_id: i64,
    pub(crate) organization_id: Option<i64>,
    pub(crate) parent_id: Option<i64>,
    pub(crate) hash: &'a [u8],
    pub(crate) name: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) dialects: &'a [Dialect],
    pub(crate) expires: Timestamp,
    pub(crate) application_id: Option<i64>,
}

impl ReadTx<'_> {
    /// The token with that hash, whether or not it still counts.
    pub(crate) fn token_by_hash(&self, hash: &[u8]) -> Result<Option<Token>> {
        let sql = format!("SELECT {TOKEN} FROM tokens WHERE hash = $1");
        self.session().row(&sql, &[hash.into()], token)
    }

    /// The token of that id.
    pub(crate) fn token(&self, id: i64) -> Result<Option<Token>> {
        let sql = format!("SELECT {TOKEN} FROM tokens WHERE id = $1");
        self.session().row(&sql, &[id.into()], token)
    }

    /// The token that made this one, if a token did.
    pub(crate) fn parent_of_token(&self, id: i64) -> Result<Option<i64>> {
        let sql = "SELECT parent_id FROM tokens WHERE id = $1";
        Ok(self.session().row(sql, &[id.into()], |row| row.at::<Option<i64>>(0))?.flatten())
    }

    /// The tokens of these ids.
    pub(crate) fn tokens_by_id(&self, ids: &[i64]) -> Result<Vec<Token>> {
        self.by_ids(TOKEN, "tokens", ids, token)
    }

    /// The id of the token of that identity.
    pub(crate) fn token_id(&self, reference: &Ref) -> Result<Option<i64>> {
        let (column, value) = by_ref(reference);
        self.session()
            .row(&format!("SELECT id FROM tokens WHERE {column} = $1"), &[value], |row| row.at(0))
    }
}

impl ReadTx<'_> {
    /// Short-lived tokens that ended before that time and made no other that is still there, up to a number.
    pub(crate) fn ended_tokens(&self, before: Timestamp, most: i64) -> Result<Vec<i64>> {
        self.session().rows(
            "SELECT t.id FROM tokens t WHERE t.kind IN ('uaa_access', 'uaa_refresh', 'catalog_access', \
             'probely_login', 'awx_session') AND t.expires < $1 \
             AND NOT EXISTS (SELECT 1 FROM tokens c WHERE c.parent_id = t.id) ORDER BY t.id LIMIT $2",
            &[before.into(), most.into()],
            |row| row.at(0),
        )
    }
}

impl WriteTx<'_> {
    /// Forgets tokens that ended and made no other. They opened nothing any more, so no cache is stale.
    pub(crate) fn forget_tokens(&mut self, ids: &[i64]) -> Result<()> {
        for id in ids {
            self.delete_refresh_tokens_of(*id)?;
            self.session().execute("DELETE FROM tokens WHERE id = $1", &[(*id).into()])?;
        }
        Ok(())
    }

    /// Whether the token that made this one, if one did, may do more than read.
    pub(crate) fn maker_writes(&self, id: i64) -> Result<bool> {
        let sql =
            "SELECT m.scope FROM tokens t JOIN tokens m ON m.id = t.parent_id WHERE t.id = $1";
        let scope = self.session().row(sql, &[id.into()], |row| row.at::<String>(0))?;
        Ok(scope.is_none_or(|scope| scope.split(' ').any(|word| word == "write")))
    }

    pub(crate) fn insert_token(&mut self, new: &NewToken<'_>) -> Result<i64> {
        let now = self.now();
        let dialects: Vec<&str> = new.dialects.iter().map(|dialect| dialect.word()).collect();
        self.session().insert(
            "INSERT INTO tokens (guid, kind, user_id, organization_id, parent_id, hash, name, scope, dialects, \
             expires, created, modified, short_id, application_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &[
                (&new.guid).into(),
                new.kind.word().into(),
                new.user_id.into(),
                new.organization_id.into(),
                new.parent_id.into(),
                new.hash.into(),
                new.name.into(),
                new.scope.into(),
                (&dialects.join(" ")).into(),
                new.expires.into(),
                now.into(),
                now.into(),
                (&new.short_id).into(),
                new.application_id.into(),
            ],
        )
    }

    /// Ends a token and every token that it made, however far down.
    pub(crate) fn delete_token(&mut self, id: i64) -> Result<()> {
        self.mark_revoking();
        let children = self.session().rows(
            "SELECT id FROM tokens WHERE parent_id = $1",
            &[id.into()],
            |row| row.at(0),
        )?;
        for child in children {
            self.delete_token(child)?;
        }
        self.session().execute("DELETE FROM token_refreshes WHERE token_id = $1", &[id.into()])?;
        self.delete_refresh_tokens_of(id)?;
        self.session().execute("DELETE FROM tokens WHERE id = $1", &[id.into()])?;
        Ok(())
    }

    /// Every token that this one made, however far down, only reads from now on.
    pub(crate) fn narrow_tokens_made_by(&mut self, id: i64) -> Result<()> {
        self.mark_revoking();
        let now = self.now();
        let sql =
            "UPDATE tokens SET scope = 'read', modified = $2 WHERE parent_id = $1 RETURNING id";
        let made = self.session().rows(sql, &[id.into(), now.into()], |row| row.at::<i64>(0))?;
        for token in made {
            self.narrow_tokens_made_by(token)?;
        }
        Ok(())
    }

    /// Ends the tokens that a column of their row points at.
    pub(super) fn delete_tokens_where(&mut self, column: &'static str, id: i64) -> Result<()> {
        let sql = format!("SELECT id FROM tokens WHERE {column} = $1");
        for token in self.session().rows(&sql, &[id.into()], |row| row.at::<i64>(0))? {
            self.delete_token(token)?;
        }
        Ok(())
    }

    pub(super) fn update_token_row(&mut self, token: &Token) -> Result<()> {
        self.mark_revoking();
        self.session().execute(
            "UPDATE tokens SET name = $2, scope = $3, modified = $4 WHERE id = $1",
            &[token.id.into(), (&token.name).into(), (&token.scope).into(), token.modified.into()],
        )?;
        Ok(())
    }

    /// Puts off the end of a token that is still there.
    pub(crate) fn prolong_token(&mut self, id: i64, expires: Timestamp) -> Result<()> {
        self.session().execute(
            "UPDATE tokens SET expires = $2 WHERE id = $1",
            &[id.into(), expires.into()],
        )?;
        Ok(())
    }

    /// Ends whatever a user's password opened, with the tokens that came of it, but for the session that is named.
    /// Tokens that stand for themselves stay.
    pub(crate) fn end_logins(&mut self, user_id: i64, but: Option<i64>) -> Result<()> {
        let kinds = TokenKind::ALL.into_iter().filter(|kind| kind.is_login());
        let kinds: Vec<String> = kinds.map(|kind| format!("'{}'", kind.word())).collect();
        let kinds = kinds.join(", ");
        let sql = format!("SELECT id FROM tokens WHERE user_id = $1 AND kind IN ({kinds})");
        for id in self.session().rows(&sql, &[user_id.into()], |row| row.at::<i64>(0))? {
            if Some(id) != but {
                self.delete_token(id)?;
            }
        }
        Ok(())
    }

    /// Notes that a token was used.
    pub(crate) fn note_token_use(&mut self, id: i64, at: Timestamp) -> Result<()> {
        self.session()
            .execute("UPDATE tokens SET last_used = $2 WHERE id = $1", &[id.into(), at.into()])?;
        Ok(())
    }
}

fn token(row: &Row<'_>) -> Result<Token> {
    let kind: String = row.at(2)?;
    let dialects: String = row.at(7)?;
    Ok(Token {
        id: row.at(0)?,
        guid: row.at(1)?,
        kind: TokenKind::from_word(&kind)
            .ok_or_else(|| Error::internal("unknown kind of token"))?,
        user_id: row.at(3)?,
        organization_id: row.at(4)?,
        name: row.at(5)?,
        scope: row.at(6)?,
        dialects: dialects
            .split_ascii_whitespace()
            .map(|word| Dialect::from_word(word).ok_or_else(|| Error::internal("unknown dialect")))
            .collect::<Result<_>>()?,
        expires: row.at(8)?,
        created: row.at(9)?,
        modified: row.at(10)?,
        last_used: row.at(11)?,
        short_id: row.at(12)?,
        application_id: row.at(13)?,
    })
}

const TOKEN: &str = "id, guid, kind, user_id, organization_id, name, scope, dialects, expires, created, \
    modified, last_used, short_id, application_id";

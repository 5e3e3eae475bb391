//! Tokens: made by password or by another token, verified, listed and revoked. It does not know how they travel.

use hal9_registry_index::api::{AccountName, Credentials, NewToken, Scope, Token, TokenMade};
use rusqlite::{OptionalExtension as _, Row};
use uuid::Uuid;

use super::{Caller, secrets};
use crate::{
    AppState, Refusal,
    catalogue::parse,
    clock::{DAY, now},
};

/// The most tokens of an account.
const MAX_TOKENS: u32 = 100;

const HOUR: u64 = 3_600;

impl AppState {
    /// Makes a token for whoever knows the password.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status 401 where name and password do not belong together, 403 where the account is shut; for a label, scopes or days that may not be.
    pub async fn token_by_password(&self, credentials: Credentials, new: NewToken) -> Result<TokenMade, Refusal> {
        let new = check(new)?;
        let (account, hash) = self.check_password(credentials).await?;
        self.make_token(account, hash, new).await
    }

    /// The account that a password belongs to, and the hash that it was held against.
    async fn check_password(&self, credentials: Credentials) -> Result<(i64, String), Refusal> {
        let name = credentials.name;
        let found: Option<(i64, String, bool)> = self
            .read(move |catalogue| {
                let mut statement =
                    catalogue.connection.prepare_cached("SELECT id, password, disabled FROM account WHERE name = ?")?;
                let found = statement.query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
                Ok(found.optional()?)
            })
            .await?;
        let hash = found.as_ref().map(|(_, hash, _)| hash.clone());
        // Longer ones are nobody's, and would take longer.
        let good = credentials.password.len() <= 256 && self.secrets().verify(credentials.password, hash).await?;
        let (account, hash, is_disabled) = found.filter(|_| good).ok_or_else(|| {
            Refusal::unauthenticated("there is no such account, or its password is another")
                .reason("wrong-password")
                .help("check both; `hal9 auth register NAME` makes an account where anybody may")
        })?;
        // Told to who knows the password alone.
        if is_disabled {
            return Err(disabled());
        }
        Ok((account, hash))
    }

    async fn make_token(&self, account: i64, password: String, new: NewToken) -> Result<TokenMade, Refusal> {
        self.check_writable()?;
        let (id, secret) = (Uuid::new_v4().simple().to_string(), secrets::random_secret());
        let hash = self.secrets().hash_token(secret.clone()).await?;
        let made = now();
        let token = Token {
            id: id.clone(),
            label: new.label,
            scopes: new.scopes,
            made,
            expires: made + u64::from(new.days) * DAY,
            used: None,
        };
        let kept = token.clone();
        self.write(move |changes| {
            // Since it was checked, who runs the registry may have given another password or shut the account, and ended its tokens: this is none of them.
            let sql = "SELECT EXISTS (SELECT 1 FROM account WHERE id = ? AND password = ? AND NOT disabled)";
            if !changes.transaction.query_row(sql, (account, password), |row| row.get::<_, bool>(0))? {
                return Err(disabled());
            }
            changes.transaction.execute("DELETE FROM token WHERE account = ? AND expires < ?", (account, made))?;
            let count: u32 =
                changes
                    .transaction
                    .query_row("SELECT count(*) FROM token WHERE account = ?", [account], |row| row.get(0))?;
            if count >= MAX_TOKENS {
                return Err(Refusal::conflict("tokens", format!("an account has at most {MAX_TOKENS} tokens"))
                    .help("revoke those that you do not use"));
            }
            let scopes = kept.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
            changes.transaction.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                (kept.id, account, hash, kept.label, scopes, kept.made, kept.expires),
            )?;
            Ok(())
        })
        .await?;
        Ok(TokenMade { secret: format!("hal9_{id}_{secret}"), token })
    }

    /// Who a token is of.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status 401 for what is no token, or one that is none any more.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        let bad = || Refusal::unauthenticated("this token is none, or is none any more").help("sign in again");
        let parts = token.strip_prefix("hal9_").and_then(|rest| rest.split_once('_'));
        let plain = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
        let (id, secret) = parts.filter(|(id, secret)| plain(id, 32) && plain(secret, 64)).ok_or_else(bad)?;
        let key = id.to_owned();
        let found = self
            .read(move |catalogue| {
                let mut statement = catalogue.connection.prepare_cached(
                    "SELECT account.id, account.name, hash, scopes, used FROM token
                     JOIN account ON account.id = token.account WHERE token.id = ? AND expires > ? AND NOT disabled",
                )?;
                let found = statement.query_row((key, now()), |row| {
                    let name: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
                    Ok((row.get::<_, i64>(0)?, name, row.get::<_, Option<u64>>(4)?))
                });
                Ok(found.optional()?)
            })
            .await?;
        let (account, (name, hash, words), used) = found.ok_or_else(bad)?;
        if !self.secrets().is_remembered(token, &hash) {
            if !self.secrets().verify(secret.to_owned(), Some(hash.clone())).await? {
                return Err(bad());
            }
            self.secrets().remember(token, &hash);
        }
        self.note_use(id, used).await?;
        let name: AccountName = parse(&name, "the name of an account")?;
        Ok(Caller { name, scopes: scopes(&words)?, token: id.to_owned(), account })
    }

    /// Notes once an hour that a token is in use.
    async fn note_use(&self, id: &str, used: Option<u64>) -> Result<(), Refusal> {
        let hour = now() / HOUR * HOUR;
        if used == Some(hour) {
            return Ok(());
        }
        let id = id.to_owned();
        self.write(move |changes| {
            changes.transaction.execute("UPDATE token SET used = ? WHERE id = ?", (hour, id))?;
            Ok(())
        })
        .await
    }

    /// The tokens of an account, newest first.
    ///
    /// # Errors
    ///
    /// [`Refusal`] without the scope `tokens`.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>, Refusal> {
        caller.may(Scope::Tokens)?;
        let account = caller.account;
        self.read(move |catalogue| {
            let mut statement = catalogue.connection.prepare_cached(
                "SELECT id, label, scopes, made, expires, used FROM token WHERE account = ? AND expires > ?
                 ORDER BY made DESC, id",
            )?;
            let rows = statement.query_map((account, now()), |row| Ok(token(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// Revokes a token of the account; the one that asks may always revoke itself.
    ///
    /// # Errors
    ///
    /// [`Refusal`] without the scope `tokens`, and where there is no such token.
    pub async fn revoke(&self, caller: &Caller, id: &str) -> Result<(), Refusal> {
        self.check_writable()?;
        if caller.token != id {
            caller.may(Scope::Tokens)?;
        }
        let (account, id) = (caller.account, id.to_owned());
        self.write(move |changes| {
            let revoked =
                changes.transaction.execute("DELETE FROM token WHERE id = ? AND account = ?", (id, account))?;
            if revoked == 0 { Err(Refusal::not_found("you have no such token")) } else { Ok(()) }
        })
        .await
    }
}

fn disabled() -> Refusal {
    let message = "whoever runs the registry has shut this account, or changed its password";
    Refusal::forbidden("disabled", message).help("ask there")
}

fn token(row: &Row<'_>) -> Result<Token, Refusal> {
    Ok(Token {
        id: row.get(0)?,
        label: row.get(1)?,
        scopes: scopes(&row.get::<_, String>(2)?)?,
        made: row.get(3)?,
        expires: row.get(4)?,
        used: row.get(5)?,
    })
}

fn scopes(words: &str) -> Result<Vec<Scope>, Refusal> {
    Ok(words.split(' ').map(|word| parse(word, "a scope")).collect::<Result<_, _>>()?)
}

fn check(mut new: NewToken) -> Result<NewToken, Refusal> {
    check_line("the label of a token", &new.label, 64)?;
    if !(1..=Scope::ALL.len()).contains(&new.scopes.len()) || !(1..=366).contains(&new.days) {
        return Err(Refusal::usage("a token has 1 to 6 scopes and lasts 1 to 366 days"));
    }
    new.scopes.sort_unstable();
    new.scopes.dedup();
    Ok(new)
}

/// Refuses what is not one line of 1 to `max` bytes that can be shown.
pub(crate) fn check_line(what: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    hal9_registry_index::api::check_text(what, text, max)?;
    if text.trim().is_empty() || text.contains(['\n', '\r', '\t']) {
        return Err(Refusal::usage(format!("{what}: write one line that says something")));
    }
    Ok(())
}

//! Accounts: their passwords, tokens, sessions and the numbers that make requests good once. It does not know what a token is used for.

mod nonces;
mod secrets;
mod tokens;

pub(crate) use secrets::{check_password, hash_now};
pub(crate) use tokens::check_line;

use hal9_package::PublicKey;
use hal9_registry_index::{
    ReviewerKey,
    api::{Account, AccountName, AddKey, Credentials, Scope},
};
use rusqlite::{Connection, OptionalExtension as _};

use crate::{AppState, Refusal, catalogue::parse, clock::now};

pub(crate) use nonces::Nonces;
pub(crate) use secrets::Secrets;

/// The most keys that an account signs reviews with.
const MAX_KEYS: u32 = 16;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub name: AccountName,
    /// What its token may do.
    pub scopes: Vec<Scope>,
    /// The number of the token.
    pub token: String,
    /// The row of the account.
    pub(crate) account: i64,
}

impl Caller {
    /// Refuses who may not do this.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status 403.
    pub fn may(&self, scope: Scope) -> Result<(), Refusal> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Refusal::forbidden("scope", format!("this token may not do that: it lacks the scope `{scope}`"))
            .help(format!("make a token with `{scope}`: `hal9 auth login` asks for one")))
    }
}

impl AppState {
    /// Makes an account, where anybody may.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where nobody may, for a password that is too short or long, and for a name that is taken.
    pub async fn register(&self, credentials: Credentials) -> Result<Account, Refusal> {
        self.check_writable()?;
        if !self.config().open {
            let help = "ask whoever runs it for an account";
            return Err(Refusal::forbidden("closed", "nobody can make accounts at this registry").help(help));
        }
        self.make_account(credentials).await
    }

    /// Makes an account, whether anybody may or not: for who runs the registry.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a password that is too short or long, and for a name that is taken.
    pub async fn make_account(&self, credentials: Credentials) -> Result<Account, Refusal> {
        secrets::check_password(&credentials.password)?;
        let hash = self.secrets().hash(credentials.password).await?;
        let name = credentials.name;
        self.write(move |changes| {
            let made = now();
            let inserted = changes.transaction.execute(
                "INSERT OR IGNORE INTO account (name, password, made) VALUES (?, ?, ?)",
                (name.as_str(), hash, made),
            )?;
            if inserted == 0 {
                return Err(Refusal::conflict("taken", format!("there is an account {name} already"))
                    .help("choose another name, or sign in"));
            }
            Ok(Account { name, made, scopes: Vec::new(), plugins: Vec::new(), keys: Vec::new() })
        })
        .await
    }

    /// Who is signed in, as the account itself sees it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the database cannot be read.
    pub async fn account(&self, caller: &Caller) -> Result<Account, Refusal> {
        let caller = caller.clone();
        self.read(move |catalogue| {
            let connection = catalogue.connection;
            let made =
                connection.query_row("SELECT made FROM account WHERE id = ?", [caller.account], |row| row.get(0))?;
            let mut statement = connection.prepare_cached(
                "SELECT plugin.name FROM owner JOIN plugin ON plugin.id = owner.plugin WHERE account = ? ORDER BY 1",
            )?;
            let plugins = statement.query_map([caller.account], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let keys = reviewer_keys(connection, caller.account)?;
            Ok(Account { name: caller.name, made, scopes: caller.scopes, plugins, keys })
        })
        .await
    }

    /// Registers a key that the account signs reviews with.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a proof that the key has not signed, or that is of another account or registry.
    pub async fn add_key(&self, caller: &Caller, add: AddKey) -> Result<Account, Refusal> {
        self.check_writable()?;
        caller.may(Scope::Review)?;
        let (proof, _): (ReviewerKey, _) = add.proof.verify(std::slice::from_ref(&add.key))?;
        if proof.registry != self.identity() || proof.account != caller.name.as_str() || proof.key != add.key {
            let message = "the proof is of another registry, account or key";
            return Err(Refusal::signature("foreign-proof", message).help(format!(
                "sign one of the registry {} for {}",
                self.identity(),
                caller.name
            )));
        }
        let account = caller.account;
        self.write(move |changes| {
            let known = reviewer_keys(changes.transaction, account)?;
            if known.contains(&add.key) {
                return Ok(());
            }
            if known.len() >= MAX_KEYS as usize {
                return Err(Refusal::conflict("keys", format!("an account has at most {MAX_KEYS} keys")));
            }
            let row = (account, add.key.to_string(), now());
            changes.transaction.execute("INSERT INTO reviewer_key VALUES (?, ?, ?)", row)?;
            Ok(())
        })
        .await?;
        self.account(caller).await
    }
}

/// The keys that an account signs reviews with, oldest first.
pub(crate) fn reviewer_keys(connection: &Connection, account: i64) -> Result<Vec<PublicKey>, Refusal> {
    let mut statement =
        connection.prepare_cached("SELECT key FROM reviewer_key WHERE account = ? ORDER BY made, key")?;
    let rows = statement.query_map([account], |row| row.get::<_, String>(0))?;
    let mut keys = Vec::new();
    for row in rows {
        keys.push(parse(&row?, "a reviewer's key")?);
    }
    Ok(keys)
}

/// The row of an account.
pub(crate) fn row_of(connection: &Connection, name: &AccountName) -> Result<i64, Refusal> {
    let mut statement = connection.prepare_cached("SELECT id FROM account WHERE name = ?")?;
    let row = statement.query_row([name.as_str()], |row| row.get(0)).optional()?;
    row.ok_or_else(|| Refusal::not_found(format!("there is no account {name} in this registry")))
}

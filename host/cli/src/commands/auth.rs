//! `hal9 auth`: who somebody is at a registry.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use hal9_registry_client::{Registry, SavedToken, Secret, Tokens};
use hal9_registry_index::api::{AccountName, Credentials, NewToken, Scope};
use serde_json::json;

use crate::args::{AtRegistry, AuthCommand, LoginArgs};
use crate::failure::Failure;
use crate::home::Home;
use crate::output::{Output, bold, dim, green, plain, table};
use crate::password::{self, Of};
use crate::registries::{Online, Registries, day};
use crate::settings::Settings;

/// The longest token that is read, in bytes.
const TOKEN_BYTES: u64 = 1 << 10;

pub(super) async fn run(output: Output, environment: Option<&str>, command: AuthCommand) -> Result<(), Failure> {
    let home = Home::find()?;
    let settings = Settings::read(&home.settings(), environment)?;
    let open = |registry: Option<String>| {
        Registries::open(&home, &settings, &Online { registry, offline: false, ..Online::default() })
    };
    match command {
        AuthCommand::Register { name, registry } => {
            let registries = open(registry)?;
            let registry = registries.only()?;
            let password = password::choose(Of::Account(&format!("{name} at {}", registry.name())))?;
            let credentials = Credentials { name, password };
            registry.register(&credentials).await?;
            log_in(output, &home, registry, credentials, Scope::ALL.to_vec(), 90).await
        }
        AuthCommand::Login(LoginArgs { name, registry, scope, days, token_stdin }) => {
            let registries = open(registry)?;
            let registry = registries.only()?;
            match token_stdin {
                false => {
                    let name = match name {
                        Some(name) => name,
                        None => account(registry)?,
                    };
                    let password = password::ask(Of::Account(&format!("{name} at {}", registry.name())))?;
                    let scopes = if scope.is_empty() { Scope::ALL.to_vec() } else { scope };
                    log_in(output, &home, registry, Credentials { name, password }, scopes, days).await
                }
                true => with_token(output, &home, registries).await,
            }
        }
        AuthCommand::Logout { registry } => {
            let mut registry = open(registry)?.into_only()?;
            let mut tokens = Tokens::open(&home.credentials())?;
            let saved = tokens.get(registry.url());
            let was_there = saved.is_some();
            // What is kept is revoked, and not what the environment has.
            registry.set_token(saved.map(|saved| saved.secret));
            // Forgotten here whether or not the registry can be reached to revoke it.
            let revoked = if was_there { registry.log_out().await } else { Ok(()) };
            tokens.remove(registry.url()).await?;
            revoked?;
            output.result(&json!({ "registry": registry.name(), "logged_out": was_there }), || match was_there {
                true => format!("{} logged out at {}; the token is revoked\n", green("✓"), bold(registry.name())),
                false => format!("Nobody was logged in at {}.\n", registry.name()),
            })
        }
        AuthCommand::Whoami { registry } => {
            let registries = open(registry.clone())?;
            let registry = registries.signed_in(&AtRegistry { registry }, None).await?;
            let account = registry.whoami().await?;
            output.result(&json!({ "registry": registry.name(), "account": account }), || {
                let scopes = account.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
                let mut text = format!("{} at {}\n  may       {scopes}\n", bold(&account.name), registry.name());
                if !account.plugins.is_empty() {
                    text.push_str(&format!("  owns      {}\n", plain(&account.plugins.join(", "))));
                }
                for key in &account.keys {
                    text.push_str(&format!("  reviews   {}\n", dim(format!("signed by {key}"))));
                }
                text
            })
        }
        AuthCommand::Tokens { registry, revoke } => {
            let registries = open(registry.clone())?;
            let registry = registries.signed_in(&AtRegistry { registry }, None).await?;
            if let Some(id) = &revoke {
                registry.revoke(id).await?;
            }
            let tokens = registry.tokens().await?;
            output.result(&tokens, || {
                table(
                    ["ID", "LABEL", "MAY", "MADE", "ENDS", "LAST USED"],
                    tokens.iter().map(|token| {
                        let scopes = token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
                        let used = token.used.map_or_else(|| "never".to_owned(), day);
                        [plain(&token.id), plain(&token.label), scopes, day(token.made), day(token.expires), used]
                    }),
                )
            })
        }
    }
}

/// The account that somebody types.
fn account(registry: &Registry) -> Result<AccountName, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody is named, and there is no terminal to ask on",
            "name the account: hal9 auth login NAME",
        ));
    }
    let mut stderr = std::io::stderr();
    let terminal = |error| Failure::internal("the terminal cannot be used", &error);
    write!(stderr, "Account at {}: ", registry.name()).and_then(|()| stderr.flush()).map_err(terminal)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(terminal)?;
    line.trim().parse().map_err(|error| Failure::usage(format!("{error}"), "no account yet? hal9 auth register NAME"))
}

async fn log_in(
    output: Output,
    home: &Home,
    registry: &Registry,
    credentials: Credentials,
    scopes: Vec<Scope>,
    days: u16,
) -> Result<(), Failure> {
    let account = credentials.name.clone();
    let host = rustix::system::uname().nodename().to_string_lossy().chars().take(40).collect::<String>();
    let label = format!("hal9 on {}", plain(&host));
    let made = registry.log_in(credentials, NewToken { label, scopes, days }).await?;
    let saved =
        SavedToken { account: account.to_string(), secret: Secret::new(made.secret), expires: made.token.expires };
    keep(output, home, registry, &account, &saved).await
}

/// Logs in with a token that was made elsewhere, such as on the pages.
async fn with_token(output: Output, home: &Home, registries: Registries) -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(TOKEN_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("standard input: {error}"), "give the token on one line"))?;
    let secret = Secret::new(text.trim());
    let mut registry = registries.into_only()?;
    registry.set_token(Some(secret.clone()));
    let account = registry.whoami().await?;
    let expires = registry.tokens().await.ok().and_then(|tokens| {
        let id = secret.expose().split('_').nth(1)?.to_owned();
        tokens.into_iter().find(|token| token.id == id)
    });
    // Who may not list tokens finds out when it ends.
    let expires = expires.map_or(u64::MAX >> 1, |token| token.expires);
    let saved = SavedToken { account: account.name.to_string(), secret, expires };
    keep(output, home, &registry, &account.name, &saved).await
}

async fn keep(
    output: Output,
    home: &Home,
    registry: &Registry,
    account: &AccountName,
    saved: &SavedToken,
) -> Result<(), Failure> {
    let path = home.credentials();
    Tokens::open(&path)?.set(registry.url(), saved).await?;
    let value = json!({ "registry": registry.name(), "account": account, "expires": saved.expires, "kept": path });
    output.result(&value, || {
        format!(
            "{} {} is logged in at {}\n  {}\n",
            green("✓"),
            bold(account),
            registry.name(),
            dim(format!("the token is in {}", path.display()))
        )
    })
}

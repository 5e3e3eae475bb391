//! The demo's step about registries: one person publishes, another one finds and verifies, and what nobody may do is refused. It owns what is
//! expected, and refuses to know how a registry works.

use hal9_host::Plugin;
use hal9_package::{Package, PublicKey, SecretKey};
use hal9_registry_client::{Registry, RegistrySettings, Secret};
use hal9_registry_index::api::{AccountName, Credentials, NewToken, Query, Scope};
use hal9_registry_server::{Config, Server};
use tokio::net::TcpListener;

use super::packages::{author, of_key, packed};
use super::stage::{Told, unexpected};
use crate::failure::Failure;
use crate::home::Home;
use crate::output::{dim, plain, red};

/// Serves a registry, publishes a package, has it from there as somebody else, and tries to put another one in its place.
pub(super) async fn publish(told: &mut Told, home: &Home, plugin: &Plugin, component: &[u8]) -> Result<(), Failure> {
    let server = Server::open(Config::new(home.folder().join("demo-registry")))?;
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|error| Failure::internal("there is no address to serve at", &error))?;
    let address = listener.local_addr().map_err(|error| Failure::internal("the address is not known", &error))?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(listener, async {
        // Either way it is time.
        let _ = stopped.await;
    }));
    let result = used(told, home, &format!("http://{address}"), plugin, component).await;
    // What is over needs no word.
    let _ = stop.send(());
    serving.await.map_err(|error| Failure::internal("the registry broke off", &error))??;
    result
}

async fn used(told: &mut Told, home: &Home, url: &str, plugin: &Plugin, component: &[u8]) -> Result<(), Failure> {
    let open = |who: &str| Registry::open(RegistrySettings::new("demo", url), &home.folder().join(who));
    let (mut ada, bob) = (open("ada")?, open("bob")?);
    sign_up(&mut ada, "ada").await?;
    let (key, public) = author()?;
    let package = packed(plugin, component, &[])?;
    let published = send(&ada, &key, &public, &package).await?;
    told.line(format!("{} {}  {}", published.plugin, published.version, dim(format!("published at {url}"))));

    let found = bob.search(&Query { q: plugin.manifest().metadata.name.clone(), ..Query::default() }).await?;
    let listed = bob.record(&published.plugin).await?;
    let record = listed.record;
    let Some(version) = record.version(&published.version).filter(|_| found.total == 1) else {
        return Err(unexpected("what was published is not found"));
    };
    let first = record.keys.first().map(|one| one.key.clone()).into_iter().collect::<Vec<_>>();
    let had = bob.download(&published.plugin, version, &first, &|_| {}).await?;
    if had.package.bytes() != package.bytes() {
        return Err(unexpected("another package came back"));
    }
    told.line(format!(
        "found and fetched  {}",
        dim(format!("index {} and signature {} verified", published.index, public.id()))
    ));

    // The same version with something else in it.
    let other = packed(plugin, component, &[("assets/extra.txt", "more")])?;
    let Err(refusal) = send(&ada, &key, &public, &other).await else {
        return Err(unexpected("a version was published twice"));
    };
    told.line(format!("{} {}", red("the same version again:"), plain(&refusal.message)));
    told.fact("published", published.plugin.to_string());
    told.fact("index", published.index);
    told.fact("refused", refusal.message);
    Ok(())
}

async fn sign_up(registry: &mut Registry, name: &str) -> Result<(), Failure> {
    let name: AccountName = name.parse().map_err(|error| Failure::internal("no account", &error))?;
    let credentials = Credentials { name, password: uuid::Uuid::new_v4().to_string() };
    registry.register(&credentials).await?;
    let token = NewToken { label: "the demo".to_owned(), scopes: vec![Scope::Publish], days: 1 };
    let made = registry.log_in(credentials, token).await?;
    registry.set_token(Some(Secret::new(made.secret)));
    Ok(())
}

async fn send(
    registry: &Registry,
    key: &SecretKey,
    public: &PublicKey,
    package: &Package,
) -> Result<hal9_registry_index::api::Published, Failure> {
    let signature = key.sign(package.bytes(), "the demo").map_err(of_key)?;
    Ok(registry.publish(package.bytes(), public, &signature, "", &|_| {}).await?)
}

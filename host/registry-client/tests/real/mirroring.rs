//! Mirroring: the bytes that this client fetches make a mirror that is believed as the registry itself is.

use hal9_registry_client::{Registry, RegistrySettings};
use hal9_registry_index::api::Credentials;
use hal9_registry_server::Fetch;
use tempfile::TempDir;

use crate::site::{ID, Site, key, now, package, publish};

struct Source(Registry);

impl Fetch for Source {
    async fn fetch(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
        self.0.fetch(path, most).await.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn a_mirror_is_believed_as_its_source_is_and_only_answers() {
    let (site, author, ada) = (Site::start().await, key(), TempDir::new().unwrap());
    let writer = site.account(&ada, "ada").await;
    let bytes = package(ID, "1.0.0", b"one");
    publish(&writer, &author, &bytes).await;
    let (data, folders) = (TempDir::new().unwrap(), [(); 3].map(|()| TempDir::new().unwrap()));
    let source = Source(site.client(&folders[0]));
    let mirrored = hal9_registry_server::mirror(source.0.url(), &source, data.path(), None).await.unwrap();
    assert_eq!((mirrored.plugins, mirrored.packages), (1, 1));

    let mirror = Site::on(data, "127.0.0.1:0", |_| {}).await;
    let id = ID.parse().unwrap();
    let believed = [author.public().clone()];
    let reader = mirror.client(&folders[1]);
    assert_eq!(reader.sync(now()).await.unwrap().registry, writer.identity().await.unwrap());
    let listed = reader.record(&id).await.unwrap();
    let got = reader.download(&id, &listed.record.versions[0], &believed, &|_| {}).await.unwrap();
    assert_eq!(got.package.bytes(), bytes);

    let credentials = Credentials { name: "ben".parse().unwrap(), password: "correct horse battery".to_owned() };
    let error = reader.register(&credentials).await.unwrap_err();
    assert_eq!(error.reason(), Some("mirror"), "{error}");

    // A package that the source has lost can be had from the mirror.
    let mut settings: RegistrySettings = site.settings();
    settings.mirrors = vec![format!("http://{}", mirror.address())];
    let hex = listed.record.versions[0].package.hex();
    let blob = site.data().join("store/blobs").join(&hex[..2]).join(&hex);
    std::fs::remove_file(blob).unwrap();
    let helped = Registry::open(settings, folders[2].path()).unwrap();
    let got = helped.download(&id, &listed.record.versions[0], &believed, &|_| {}).await.unwrap();
    assert_eq!(got.package.bytes(), bytes);
}

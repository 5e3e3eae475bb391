//! What others see: the manifests by plain HTTP, and the component by another client.

use hal9_package::Digest;
use hal9_registry_client::oci::{ARTIFACT_TYPE, Auth, PACKAGE_ANNOTATION, PACKAGE_TYPE, SIGNATURE_TYPE, pull, push};
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol, Config, ImageLayer},
    secrets::RegistryAuth,
};
use serde_json::{Value, json};

use super::{
    packages::{COMPONENT, key, package, sign},
    quiet, refused,
    registry::Registry,
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

async fn get(url: &str, accept: &str) -> (Vec<u8>, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::Client::new().get(url).header("accept", accept).send().await.unwrap();
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
    let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.bytes().await.unwrap().to_vec(), media_type)
}

async fn json(url: &str, accept: &str) -> Value {
    serde_json::from_slice(&get(url, accept).await.0).unwrap()
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
}

fn titled(mut descriptor: Value, title: &str) -> Value {
    descriptor["annotations"] = json!({"org.opencontainers.image.title": title});
    descriptor
}

#[tokio::test]
async fn the_manifests_are_exactly_as_the_layout_and_the_specification_have_them() {
    let registry = Registry::open();
    let package = package("0.1.0", "");
    let signature = sign(&key(), &package);
    let digest = push(&registry.at(""), &package, Some(&signature), &Auth::Anonymous, &quiet).await.unwrap();

    let (bytes, media_type) = get(&registry.url("manifests/0.1.0"), MANIFEST).await;
    assert_eq!((media_type.as_str(), Digest::of(&bytes)), (MANIFEST, digest));
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    let config_digest = manifest["config"]["digest"].as_str().unwrap();
    let (config, _) = get(&registry.url(&format!("blobs/{config_digest}")), "*/*").await;
    let people = json!({
        "org.opencontainers.image.title": "Echo",
        "org.opencontainers.image.version": "0.1.0",
        "org.opencontainers.image.authors": "Ada",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": "https://example.com/echo",
        "org.opencontainers.image.description": "Says it again",
        "ai.hal9.plugin.id": "test.echo",
    });
    let mut pinning = people.clone();
    pinning[PACKAGE_ANNOTATION] = package.digest().to_string().into();
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.wasm.config.v0+json", &config),
        "layers": [titled(descriptor("application/wasm", COMPONENT), "test.echo.wasm")],
        "annotations": pinning,
    });
    assert_eq!(manifest, expected);
    let config: Value = serde_json::from_slice(&config).unwrap();
    let component = config["component"].clone();
    let expected = json!({
        "created": "1970-01-01T00:00:00Z", "author": "Ada", "architecture": "wasm", "os": "wasip2",
        "layerDigests": [Digest::of(COMPONENT).to_string()], "component": component,
    });
    assert_eq!(config, expected);
    let names = |list: &str| component[list].as_array().unwrap().clone();
    assert!(names("exports").contains(&json!("hal9:plugin/tool@0.1.0")), "{component}");
    assert!(names("imports").iter().all(Value::is_string));

    let index = json(&registry.url(&format!("manifests/{}", digest.to_string().replace(':', "-"))), INDEX).await;
    let referrer = index["manifests"][0].clone();
    assert_eq!((index["manifests"].as_array().unwrap().len(), &referrer["artifactType"]), (1, &json!(ARTIFACT_TYPE)));
    let url = registry.url(&format!("manifests/{}", referrer["digest"].as_str().unwrap()));
    let (beside, _) = get(&url, MANIFEST).await;
    assert_eq!(Some(beside.len() as u64), referrer["size"].as_u64());
    let name = "test.echo-0.1.0.hal9";
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "layers": [
            titled(descriptor(PACKAGE_TYPE, package.bytes()), name),
            titled(descriptor(SIGNATURE_TYPE, signature.as_bytes()), &format!("{name}.minisig")),
        ],
        "subject": descriptor(MANIFEST, &bytes),
        "artifactType": ARTIFACT_TYPE,
        "annotations": people,
    });
    assert_eq!(serde_json::from_slice::<Value>(&beside).unwrap(), expected);
}

/// The client that `wkg` and others are made with, asked as `oci-wasm` asks it.
fn another_client(registry: &Registry, tag: &str) -> (Client, Reference) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let protocol = ClientProtocol::Http;
    let client = Client::new(ClientConfig { protocol, ..ClientConfig::default() });
    (client, Reference::with_tag(registry.address.clone(), "tests/echo".to_owned(), tag.to_owned()))
}

#[tokio::test]
async fn another_client_pulls_the_component() {
    let registry = Registry::open();
    push(&registry.at(""), &package("0.1.0", ""), None, &Auth::Anonymous, &quiet).await.unwrap();
    let (client, reference) = another_client(&registry, "0.1.0");
    let data = client.pull(&reference, &RegistryAuth::Anonymous, vec!["application/wasm"]).await.unwrap();
    assert_eq!(data.layers.len(), 1);
    assert_eq!(data.layers[0].data, COMPONENT);
    assert_eq!(data.config.media_type, "application/vnd.wasm.config.v0+json");
}

#[tokio::test]
async fn what_another_client_pushed_is_no_plugin() {
    let registry = Registry::open();
    let layer = |media_type: &str| ImageLayer::new(COMPONENT, media_type.to_owned(), None);
    let wasm = || Config::new(&b"{}"[..], "application/vnd.wasm.config.v0+json".to_owned(), None);
    let image = Config::new(&b"{}"[..], "application/vnd.oci.image.config.v1+json".to_owned(), None);
    let cases = [
        ("bare", wasm(), vec![layer("application/wasm")], "not-found", Some("no-package")),
        ("image", image, vec![layer("application/vnd.oci.image.layer.v1.tar")], "invalid-package", None),
        ("two", wasm(), vec![layer("application/wasm"), layer("application/wasm")], "invalid-package", None),
        ("other", wasm(), vec![layer("text/plain")], "invalid-package", None),
    ];
    for (tag, config, layers, code, reason) in cases {
        let (client, reference) = another_client(&registry, tag);
        client.push(&reference, &layers, config, &RegistryAuth::Anonymous, None).await.unwrap();
        refused(&registry.at(&format!(":{tag}")), code, reason).await;
    }
}

/// Stores a manifest under a name that is a tag or a digest.
async fn put(registry: &Registry, name: &str, media_type: &str, manifest: &Value) -> String {
    let body = manifest.to_string();
    let digest = Digest::of(body.as_bytes()).to_string();
    let name = if name.is_empty() { &digest } else { name };
    let request =
        reqwest::Client::new().put(registry.url(&format!("manifests/{name}"))).header("content-type", media_type);
    let answer = request.body(body).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    digest
}

/// What somebody who may push can put together of two plugins.
#[tokio::test]
async fn parts_of_several_plugins_are_not_taken_for_one() {
    let registry = Registry::open();
    let (mine, other) = (package("0.1.0", ""), package("0.2.0", ""));
    push(&registry.at(""), &mine, None, &Auth::Anonymous, &quiet).await.unwrap();
    push(&registry.at(""), &other, None, &Auth::Anonymous, &quiet).await.unwrap();
    let (client, reference) = another_client(&registry, "mixed");
    let mut component = json(&registry.url("manifests/0.1.0"), MANIFEST).await;
    let tag = |digest: &str| digest.replace(':', "-");
    let digest = Digest::of(component.to_string().as_bytes()).to_string();
    let index = json(&registry.url(&format!("manifests/{}", tag(&digest))), INDEX).await;
    let entry = &index["manifests"][0];
    let beside = json(&registry.url(&format!("manifests/{}", entry["digest"].as_str().unwrap())), MANIFEST).await;
    let attach = async |name: &str, component: &Value, packed: Value| {
        let subject = put(&registry, name, MANIFEST, component).await;
        let mut beside = beside.clone();
        beside["subject"]["digest"] = subject.clone().into();
        beside["layers"][0] = packed;
        let mut entry = entry.clone();
        entry["digest"] = put(&registry, "", MANIFEST, &beside).await.into();
        entry["size"] = beside.to_string().len().into();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
        put(&registry, &tag(&subject), INDEX, &index).await;
    };

    let (packed, bytes) = (beside["layers"][0].clone(), mine.bytes());
    component["annotations"]["note"] = "whole".into();
    attach("whole", &component, packed.clone()).await;
    let pulled = pull(&registry.at(":whole"), &Auth::Anonymous, &quiet).await.unwrap();
    assert_eq!(pulled.package.bytes(), bytes, "what is put together here is pulled where it belongs together");
    component["annotations"]["note"] = "older".into();
    attach("older", &component, titled(descriptor(PACKAGE_TYPE, other.bytes()), "other")).await;
    refused(&registry.at(":older"), "not-found", Some("no-package")).await;
    client.push_blob(&reference, ANOTHER, &Digest::of(ANOTHER).to_string()).await.unwrap();
    component["layers"][0] = descriptor("application/wasm", ANOTHER);
    attach("mixed", &component, packed).await;
    let error = refused(&registry.at(":mixed"), "signature", Some("changed-package")).await;
    assert!(error.to_string().starts_with("the component of"), "{error}");
}

/// A component with nothing in it.
const ANOTHER: &[u8] = b"\0asm\x0d\0\x01\0";

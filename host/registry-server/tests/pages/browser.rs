//! Headless Chromium, driven by its own WebDriver. It does not know the pages.

use std::{
    io::{BufRead as _, BufReader},
    panic::{AssertUnwindSafe, resume_unwind},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use futures::FutureExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

/// What has not happened by then will not.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one window.
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Driver,
    _profile: tempfile::TempDir,
}

/// The program that drives it.
struct Driver {
    child: Child,
    url: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does something with a browser, which is closed afterwards however that ends. It must not have complained: then a script of a page failed, or something was
/// kept from running or loading.
pub(crate) async fn browse(walk: impl AsyncFnOnce(&Browser)) {
    let browser = Browser::open().await;
    let walked = AssertUnwindSafe(walk(&browser)).catch_unwind().await;
    let complaints = match walked {
        Ok(()) => browser.complaints().await,
        Err(_) => Vec::new(),
    };
    let closed = browser.client.clone().close().await;
    if let Err(panic) = walked {
        resume_unwind(panic);
    }
    closed.unwrap();
    assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
}

impl Browser {
    async fn open() -> Self {
        let (chromium, driver) = programs();
        let profile = tempfile::tempdir().unwrap();
        let mut child =
            Command::new(driver).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let port = line.split("on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok();
            port.filter(|_| line.contains("started successfully"))
        });
        // Nobody waits for the rest of what it says, and it must not wait for us.
        std::thread::spawn(move || lines.for_each(drop));
        let driver = Driver { child, url: format!("http://127.0.0.1:{}", port.expect("chromedriver has begun")) };
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--force-prefers-reduced-motion",
            "--window-size=1400,1000",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut capabilities = Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({"binary": chromium, "args": arguments}));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
        capabilities.insert("unhandledPromptBehavior".to_owned(), json!("ignore"));
        let client =
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&driver.url).await.unwrap();
        Self { client, driver, _profile: profile }
    }

    /// What the browser has logged as wrong since it was asked last; a status that is no success is not a fault of a page.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", &json!({"type": "browser"})).await;
        let entries = log.as_array().unwrap().iter();
        let wrong = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        let texts = wrong.map(|entry| entry["message"].as_str().unwrap().to_owned());
        texts.filter(|text| !text.contains("the server responded with a status of 4")).collect()
    }

    /// Asks the browser itself, by its own protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await
    }

    /// Light or dark, as a system says it.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// A window of so many pixels.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Whether scripts of pages run.
    pub(crate) async fn scripts(&self, run: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !run})).await;
    }

    /// Goes to an address.
    pub(crate) async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    /// An element, as soon as it is there.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        match self.client.wait().for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => panic!("{selector}: {error}\n{}", self.text("body").await),
        }
    }

    /// Whether there is such an element now.
    pub(crate) async fn has(&self, selector: &str) -> bool {
        !self.client.find_all(Locator::Css(selector)).await.unwrap().is_empty()
    }

    /// The text of an element that is there now.
    pub(crate) async fn text(&self, selector: &str) -> String {
        self.client.find(Locator::Css(selector)).await.unwrap().text().await.unwrap()
    }

    /// Clicks an element, as soon as it is there.
    pub(crate) async fn click(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap();
    }

    /// Writes into a field.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        self.find(selector).await.send_keys(text).await.unwrap();
    }

    /// Waits until a script in the page says yes. It is asked again and again, as a question to a page that is left is never answered.
    pub(crate) async fn until(&self, condition: &str) {
        let begun = Instant::now();
        let script = format!("return Boolean({condition})");
        loop {
            // Between two pages there is nothing to ask.
            let answer = self.client.execute(&script, Vec::new()).await;
            if matches!(answer, Ok(Value::Bool(true))) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{condition}: {answer:?}\n{}", self.text("body").await);
            tokio::task::yield_now().await;
        }
    }

    /// What a script in the page gives.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    async fn command(&self, path: &str, body: &Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/{path}", self.driver.url);
        let answer = reqwest::Client::new().post(url).json(body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(answer["value"].get("error").is_none(), "{path}: {answer}");
        answer["value"].take()
    }
}

/// Chromium and its driver, which are brought where they are missing.
///
/// # Panics
///
/// Where they cannot be had: what a browser makes of the pages cannot be known without one.
fn programs() -> (PathBuf, PathBuf) {
    static THERE: OnceLock<Option<(PathBuf, PathBuf)>> = OnceLock::new();
    let found = THERE.get_or_init(|| {
        let find = || Some((on_path(&["chromium", "chromium-browser", "google-chrome"])?, on_path(&["chromedriver"])?));
        find().or_else(|| {
            install(&["update", "-qq"]);
            install(&["install", "-qy", "--no-install-recommends", "chromium", "chromium-driver"]);
            find()
        })
    });
    found.clone().expect("these tests need a browser: apt-get install chromium chromium-driver")
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|program| program.is_file())
}

fn install(arguments: &[&str]) {
    let root = rustix::process::geteuid().is_root();
    let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
    if !root {
        command.args(["-n", "apt-get"]);
    }
    let _ = command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").output();
}

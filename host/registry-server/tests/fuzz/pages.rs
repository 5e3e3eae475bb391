//! The pages and their forms, asked with what no form of theirs sends: they are answered as well, and lead nowhere else.

use reqwest::{Client, Method, Response, redirect::Policy};

use super::served::{HANGS, PASSWORD, Served};

/// What stands in a path or a field in the place of anything.
const ODD: [&str; 20] = [
    "",
    "0",
    "..",
    "../../etc/passwd",
    "a/b",
    "a?b=c",
    "a#b",
    "fuzz.tool/reviews",
    "fuzz.tool?x",
    "\0",
    "\r\nSet-Cookie: a=b",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "{{7*7}}",
    "' OR 1=1 --",
    "\u{202e}",
    "\u{1f4a9}",
    "-1",
    "99999999999999999999",
    "%s%n%00",
];

const FIELDS: [&str; 16] = [
    "nonce",
    "name",
    "password",
    "to",
    "label",
    "days",
    "scopes",
    "version",
    "signed",
    "key",
    "proof",
    "upload",
    "signature",
    "notes",
    "package",
    "q",
];

struct Browser {
    http: Client,
    served: Served,
}

impl Browser {
    async fn open() -> Self {
        let served = Served::open().await;
        let http = Client::builder().redirect(Policy::none()).timeout(HANGS).build().unwrap();
        Self { http, served }
    }

    /// Asks as somebody who is signed in, or not.
    fn request(&self, method: Method, path: &str, signed_in: bool) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.served.url(path)).header("origin", self.served.url(""));
        let cookie =
            if signed_in { format!("hal9_session={}", self.served.token) } else { "hal9_session=x".to_owned() };
        request.header("cookie", cookie)
    }
}

/// Not the server's own fault, no header that somebody smuggled in, and no way to another site.
fn check(what: &str, answer: &Response) {
    assert!(!answer.status().is_server_error(), "{what}: {}", answer.status());
    let headers = answer.headers();
    let cookies = headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    assert!(cookies.into_iter().all(|cookie| cookie.starts_with("hal9_session=")), "{what}: {headers:?}");
    if let Some(to) = headers.get("location") {
        let to = to.to_str().unwrap();
        assert!(to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"), "{what}: leads to {to}");
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_shown_or_there_are_none() {
    let browser = Browser::open().await;
    let templates = [
        "/plugins/{}",
        "/plugins/{}/review",
        "/plugins/{}/0.1.0",
        "/plugins/fuzz.tool/{}",
        "/plugins/fuzz.tool/{}/package.minisig",
        "/plugins/fuzz.tool?skip={}",
        "/plugins/fuzz.tool/review?version={}",
        "/plugins/fuzz.tool?from={}",
        "/authors/{}",
        "/assets/{}",
        "/search?q={}",
        "/search?kind={}",
        "/search?skip={}",
        "/search?order={}",
        "/search?without={}",
        "/search?{}=x",
        "/sign-in?to={}",
        "/sign-up?to={}",
        "/account?{}",
        "/{}",
    ];
    for template in templates {
        for odd in ODD {
            let path = template.replace("{}", &percent(odd));
            for signed_in in [true, false] {
                let answer = browser.request(Method::GET, &path, signed_in).send().await.unwrap();
                check(&path, &answer);
                let page = answer.text().await.unwrap();
                assert!(!page.contains("<script>alert(1)") && !page.contains("<img src=x onerror"), "{path}: it runs");
            }
        }
    }
    browser.served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_are_taken_or_refused() {
    let browser = Browser::open().await;
    let paths = [
        "/sign-in",
        "/sign-up",
        "/account/tokens",
        "/account/tokens/0/revoke",
        "/account/tokens/..%2f..%2fplugins/revoke",
        "/publish/confirm",
        "/plugins/fuzz.tool/review",
        "/plugins/%2e%2e%2ftokens/review",
        "/publish",
        "/sign-out",
    ];
    let media = [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "multipart/form-data",
        "application/json",
        "",
    ];
    for path in paths {
        for (n, odd) in ODD.iter().enumerate() {
            // One that signs out ends here what the others need.
            let signed_in = path != "/sign-out" && n % 2 == 0;
            let nonce = browser.served.nonce().await;
            let fields = FIELDS.map(|field| format!("{field}={}", percent(odd))).join("&").replacen(
                &format!("nonce={}", percent(odd)),
                &format!("nonce={nonce}"),
                1,
            );
            let form = browser.request(Method::POST, path, signed_in).header("content-type", media[0]).body(fields);
            check(&format!("{path} with {odd:?}"), &form.send().await.unwrap());
            let parts = FIELDS.map(|field| {
                format!(
                    "--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{field}\"\r\n\r\n{odd}\r\n"
                )
            });
            let whole = format!("{}--b--\r\n", parts.concat());
            for body in [whole.as_str(), &whole[..whole.len() / 2], "--b", odd] {
                for media in media {
                    let request = browser.request(Method::POST, path, signed_in).header("content-type", media);
                    check(
                        &format!("{path} with {odd:?} as {media}"),
                        &request.body(body.to_owned()).send().await.unwrap(),
                    );
                }
            }
        }
    }
    browser.served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_to_no_other_site() {
    let browser = Browser::open().await;
    for to in [
        "https://example.com",
        "//example.com",
        "/\\example.com",
        "\\\\example.com",
        "/\t/example.com",
        "javascript:alert(1)",
        "data:,x",
        "/%2f/example.com",
        "///example.com",
        "http:example.com",
        "/a\r\nLocation: https://example.com",
        "@example.com",
        "/.//example.com",
    ] {
        let nonce = browser.served.nonce().await;
        let fields = [("nonce", nonce.as_str()), ("name", "ada"), ("password", PASSWORD), ("to", to)];
        let body = fields.map(|(name, value)| format!("{name}={}", percent(value))).join("&");
        let request = browser.request(Method::POST, "/sign-in", false);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 303, "{to}");
        check(to, &answer);
        // As a browser reads it, which takes line breaks and tabs for nothing and `\` for `/`.
        let base = reqwest::Url::parse(&browser.served.url("/sign-in")).unwrap();
        let leads = base.join(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert_eq!(leads.origin(), base.origin(), "{to}");
    }
    browser.served.stop().await;
}

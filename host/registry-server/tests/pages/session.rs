//! Accounts: signing up, in and out, tokens, and what another site cannot do.

use reqwest::{Method, StatusCode};

use crate::{
    browser::{Browser, browse},
    site::{PASSWORD, Site, assert_status},
};

/// Signs in where the page is.
pub(crate) async fn sign_in(browser: &Browser, site: &Site, name: &str, to: &str) {
    browser.go(&format!("{}/sign-in?to={to}", site.url)).await;
    browser.write("#name", name).await;
    browser.write("#password", PASSWORD).await;
    browser.click(".fields button").await;
    browser.find(".who[href='/account']").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_up_makes_a_token_revokes_it_and_signs_out() {
    let site = Site::new().await;
    browse(async |browser| {
        // What needs an account leads to the form, and back.
        browser.go(&format!("{}/publish", site.url)).await;
        browser.click("a[href^='/sign-up']").await;
        browser.find("h1").await;
        browser.write("#name", "grace").await;
        browser.write("#password", PASSWORD).await;
        browser.click(".fields button").await;
        browser.find("#publish").await;
        assert_eq!(browser.text(".who").await, "grace");
        assert_eq!(browser.run("return document.cookie", vec![]).await, "", "no script reads the cookie");

        browser.click(".who").await;
        browser.click("details.card summary").await;
        browser.write("#label", "laptop").await;
        browser.click("#scope-publish").await;
        browser.write("details #password", "not the password").await;
        browser.click("details .primary").await;
        let told = browser.find("[role=alert]").await.text().await.unwrap();
        assert!(!told.is_empty());
        browser.click("#scope-publish").await;
        browser.write("details #password", PASSWORD).await;
        browser.click("details .primary").await;
        let secret = browser.find("#secret").await.text().await.unwrap();
        let account = site.request(Method::GET, "/v1/account").bearer_auth(&secret).send().await.unwrap();
        assert!(assert_status(account, StatusCode::OK).await.contains("grace"));
        browser.go(&format!("{}/account", site.url)).await;
        assert!(!browser.text("main").await.contains(&secret), "it is shown once");
        browser
            .client
            .find(fantoccini::Locator::XPath("//tr[contains(., 'laptop')]//button"))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
        browser.until("!document.querySelector('main').textContent.includes('laptop')").await;
        let account = site.request(Method::GET, "/v1/account").bearer_auth(&secret).send().await.unwrap();
        assert_status(account, StatusCode::UNAUTHORIZED).await;

        browser.click("form[action='/sign-out'] button").await;
        browser.find(".who[href^='/sign-in']").await;
        browser.go(&format!("{}/account", site.url)).await;
        assert_eq!(browser.text("h1").await, "Sign in");
        sign_in(browser, &site, "grace", "/docs").await;
        assert!(browser.client.current_url().await.unwrap().path() == "/docs");
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_nobody_is_sent_elsewhere() {
    let site = Site::new().await;
    site.author("ada").await;
    let send = async |fields: &[(&str, &str)]| {
        let nonce = site.nonce().await;
        let mut form: Vec<(&str, &str)> = fields.to_vec();
        form.push(("nonce", &nonce));
        let body: String = form.iter().map(|(name, value)| format!("{name}={}&", escaped(value))).collect();
        let request = site.request(Method::POST, "/sign-in");
        request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    };
    let wrong = send(&[("name", "ada"), ("password", "not the password")]).await;
    assert!(wrong.headers().get("set-cookie").is_none());
    let page = assert_status(wrong, StatusCode::UNAUTHORIZED).await;
    assert!(page.contains("role=\"alert\"") && page.contains("value=\"ada\"") && !page.contains("not the password"));
    let short = send(&[("name", "ada"), ("password", "short")]).await;
    assert_status(short, StatusCode::BAD_REQUEST).await;
    for (to, place) in [("//evil.test/", "/"), ("https://evil.test/", "/"), ("/docs", "/docs")] {
        let answer = send(&[("name", "ada"), ("password", PASSWORD), ("to", to)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()["location"], place, "{to}");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"),
            "{cookie}"
        );
    }
    // A form that was sent before.
    let nonce = site.nonce().await;
    let body = format!("name=ada&password={}&nonce={nonce}", escaped(PASSWORD));
    let again = async || {
        let request = site.request(Method::POST, "/sign-in");
        request.header("content-type", "application/x-www-form-urlencoded").body(body.clone()).send().await.unwrap()
    };
    assert_eq!(again().await.status(), StatusCode::SEE_OTHER);
    let page = assert_status(again().await, StatusCode::CONFLICT).await;
    assert!(page.contains("sent twice"), "{page}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_are_refused() {
    let site = Site::new().await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")] {
        let request = site.request(Method::POST, "/sign-in").header(name, value);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body("name=ada");
        let page = assert_status(request.send().await.unwrap(), StatusCode::FORBIDDEN).await;
        assert!(page.contains("another site"), "{page}");
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_registry_shows_its_pages_to_whoever_is_signed_in() {
    let site = Site::with(|config| config.private = true).await;
    site.author("ada").await;
    for path in ["/", "/search?q=x", "/plugins/a.b", "/authors/ada"] {
        let answer = site.page(path).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        assert!(answer.headers()["location"].to_str().unwrap().starts_with("/sign-in?to=%2F"), "{path}");
    }
    browse(async |browser| {
        browser.go(&format!("{}/search?q=echo", site.url)).await;
        browser.write("#name", "ada").await;
        browser.write("#password", PASSWORD).await;
        browser.click(".fields button").await;
        assert_eq!(browser.find("#how-many").await.text().await.unwrap(), "Nothing found");
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_registry_says_who_makes_accounts() {
    let site = Site::with(|config| config.open = false).await;
    let page = assert_status(site.page("/sign-up").await, StatusCode::NOT_FOUND).await;
    assert!(page.contains("made by whoever runs it"), "{page}");
    assert!(!site.page("/sign-in").await.text().await.unwrap().contains("/sign-up"));
    site.stop().await;
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

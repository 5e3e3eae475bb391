//! Owns the page of whoever is signed in: his plugins, his tokens and the keys that he reviews with. It refuses to know other accounts.

use askama::Template;
use axum::{
    extract::{Form as Fields, Path},
    http::{Method, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use hal9_registry_index::api::{Account, Credentials, NewToken, Scope, Token, TokenMade, TokenRequest};

use super::{
    ask::encoded,
    assets,
    failure::Refused,
    form::Form,
    frame::{Frame, Visit, page},
    words,
};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    account: Account,
    tokens: Vec<Token>,
    form: Form,
    made: Option<TokenMade>,
    label: String,
    /// The number of this browser's token.
    own: Option<String>,
}

/// What a scope allows, in a line.
fn allows(scope: &Scope) -> &'static str {
    match scope {
        Scope::Read => "read this registry where reading needs a token",
        Scope::Publish => "publish new plugins and versions",
        Scope::Maintain => "yank versions, deprecate plugins, publish notices",
        Scope::Own => "add and remove owners and keys",
        Scope::Review => "write reviews",
        Scope::Tokens => "make and revoke tokens",
    }
}

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Refused> {
    let form = Form::new(&visit.caller).await?;
    view(visit, form, None, String::new()).await
}

/// Makes a token, which is shown this one time.
pub(super) async fn make_token(visit: Visit, Fields(sent): Fields<Vec<(String, String)>>) -> Result<Response, Refused> {
    let name = visit.account()?.name.clone();
    let field = |wanted: &str| sent.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str());
    let made = async {
        let scopes: Vec<Scope> =
            sent.iter().filter(|(name, _)| name == "scope").filter_map(|(_, scope)| scope.parse().ok()).collect();
        if scopes.is_empty() {
            return Err(Refused::usage("The token may do nothing.", "Choose at least one thing that it may do."));
        }
        let days = field("days").parse().unwrap_or(0);
        let token = NewToken { label: field("label").trim().to_owned(), scopes, days };
        let credentials = Credentials { name, password: field("password").to_owned() };
        let request = TokenRequest { credentials, token };
        visit.caller.send::<TokenMade>(Method::POST, "/v1/tokens", &request, field("nonce")).await
    };
    match made.await {
        Ok(made) => {
            let form = Form::new(&visit.caller).await?;
            view(visit, form, Some(made), String::new()).await
        }
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            view(visit, form, None, field("label").to_owned()).await
        }
    }
}

/// Makes a token none.
pub(super) async fn revoke_token(
    visit: Visit,
    Path(id): Path<String>,
    Fields(sent): Fields<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    visit.account()?;
    let nonce = sent.iter().find(|(name, _)| name == "nonce").map_or("", |(_, value)| value.as_str());
    match visit.caller.delete(&format!("/v1/tokens/{}", encoded(&id)), nonce).await {
        Ok(()) => Ok(Redirect::to("/account#tokens").into_response()),
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            view(visit, form, None, String::new()).await
        }
    }
}

async fn view(visit: Visit, form: Form, made: Option<TokenMade>, label: String) -> Result<Response, Refused> {
    let account = visit.account()?.clone();
    let mut tokens: Vec<Token> = visit.caller.get("/v1/tokens").await?;
    tokens.sort_by_key(|token| std::cmp::Reverse(token.made));
    let status = if made.is_some() { StatusCode::CREATED } else { form.status };
    let own = visit.caller.token.as_deref().and_then(super::session::number).map(str::to_owned);
    Ok(page(status, &AccountPage { frame: visit.frame, account, tokens, form, made, label, own }))
}

impl AccountPage {
    /// Whether a token is the one of this browser.
    fn is_own(&self, token: &Token) -> bool {
        self.own.as_deref() == Some(token.id.as_str())
    }
}

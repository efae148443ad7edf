//! The token endpoint: what applications ask for, in the words of RFC 6749 and RFC 7009.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use strongroom_core::Error;
use strongroom_core::access::Dialect;
use strongroom_core::audit::Origin;
use strongroom_seal::digest;
use strongroom_service::{
    Actor, OauthClient, OauthFault, OauthOffer, OauthTokens, Presented, Strongroom,
};

use super::error::Outcome;
use super::reply::{json_response, shown};
use super::serve::Visit;
use super::session;
use super::wire::Members;
use crate::body::{MediaType, RawBody};
use crate::presented::presented;
use crate::state::AppState;

/// `GET /api/o/`
pub(super) fn root(_: &AppState) -> Response {
    shown(
        &Members::default()
            .with("authorize", json!("/api/o/authorize/"))
            .with("token", json!("/api/o/token/"))
            .with("revoke_token", json!("/api/o/revoke_token/")),
    )
}

/// `POST /api/o/token/`
pub(super) async fn token(mut visit: Visit) -> Outcome<Response> {
    let form = match Form::read(&mut visit).await {
        Ok(form) => form,
        Err(response) => return Ok(response),
    };
    let origin = visit.facts.origin(Dialect::Awx);
    match form.tokens(&visit.state.room, &visit.headers, &origin).await {
        Ok(tokens) => Ok(given(&tokens)),
        Err(fault) => refused(fault),
    }
}

/// `POST /api/o/revoke_token/`
pub(super) async fn revoke(mut visit: Visit) -> Outcome<Response> {
    let form = match Form::read(&mut visit).await {
        Ok(form) => form,
        Err(response) => return Ok(response),
    };
    let origin = visit.facts.origin(Dialect::Awx);
    match form.revoke(&visit.state.room, &visit.headers, origin).await {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(fault) => refused(fault),
    }
}

/// What a client sends. Some of it is secret.
struct Form(Vec<(String, SecretString)>);

impl Form {
    async fn read(visit: &mut Visit) -> Result<Self, Response> {
        use axum::extract::FromRequest as _;
        let Some(request) = visit.request.take() else { return Ok(Self(Vec::new())) };
        let body = RawBody::from_request(request, &()).await?;
        if body.media_type != MediaType::Form {
            return Ok(Self(Vec::new()));
        }
        let pairs = form_urlencoded::parse(&body.bytes);
        Ok(Self(
            pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect(),
        ))
    }

    /// The value of a parameter that is given once and not empty.
    fn secret(&self, name: &str) -> Option<SecretString> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let (_, value) = values.next()?;
        let is_one = values.next().is_none() && !value.expose_secret().is_empty();
        is_one.then(|| value.clone())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.secret(name).map(|value| value.expose_secret().to_owned())
    }

    /// Which application asks: by HTTP Basic, or by the members of the form.
    async fn client(
        &self,
        room: &Strongroom,
        headers: &HeaderMap,
        origin: &Origin,
    ) -> Result<OauthClient, Refused> {
        let (id, secret) = match presented(headers, &[]) {
            Presented::Basic { username, password } => (Some(username), Some(password)),
            _ => (self.text("client_id"), self.secret("client_secret")),
        };
        let id = id.ok_or(OauthFault::Client)?;
        Ok(room.oauth_client(&id, secret, origin).await?)
    }

    async fn revoke(
        &self,
        room: &Strongroom,
        headers: &HeaderMap,
        origin: Origin,
    ) -> Result<(), Refused> {
        let client = self.client(room, headers, &origin).await?;
        let Some(token) = self.secret("token") else {
            return Err(Refused::Request("Missing token parameter."));
        };
        Ok(room.oauth_revoke(&client, &token, origin).await?)
    }

    async fn tokens(
        &self,
        room: &Strongroom,
        headers: &HeaderMap,
        origin: &Origin,
    ) -> Result<OauthTokens, Refused> {
        let scope = self.text("scope");
        match self.text("grant_type").as_deref() {
            Some("password") => {
                let client = self.client(room, headers, origin).await?;
                let (Some(username), Some(password)) =
                    (self.text("username"), self.secret("password"))
                else {
                    return Err(Refused::Request("Request is missing username or password."));
                };
                let origin = origin.clone();
                Ok(room.oauth_password_grant(&client, &username, password, scope, origin).await?)
            }
            Some("refresh_token") => {
                let client = self.client(room, headers, origin).await?;
                let Some(refresh) = self.secret("refresh_token") else {
                    return Err(Refused::Request("Missing refresh token parameter."));
                };
                Ok(room.oauth_refresh(&client, &refresh, scope, origin.clone()).await?)
            }
            Some("authorization_code") => {
                let client = self.client(room, headers, origin).await?;
                let Some(code) = self.secret("code") else {
                    return Err(Refused::Request("Missing code parameter."));
                };
                let proofs =
                    self.secret("code_verifier").map_or_else(Vec::new, |text| proofs(&text));
                let redirect_uri = self.text("redirect_uri");
                Ok(room
                    .oauth_code_grant(&client, &code, redirect_uri, proofs, origin.clone())
                    .await?)
            }
            _ => Err(Refused::GrantType),
        }
    }
}

/// What a verifier amounts to, for each kind of challenge (RFC 7636).
fn proofs(verifier: &SecretString) -> Vec<String> {
    let text = verifier.expose_secret();
    let hashed = URL_SAFE_NO_PAD.encode(digest::sha256(text.as_bytes()));
    vec![format!("plain:{text}"), format!("S256:{hashed}")]
}

/// `GET /api/o/authorize/`: asks whoever is logged in whether an application may act for him.
pub(super) async fn ask(mut visit: Visit) -> Outcome<Response> {
    visit.request = None;
    let pairs = visit.query.iter().map(|(name, value)| (name.to_owned(), value.to_owned().into()));
    let form = Form(pairs.collect());
    let query = visit.facts.query.clone().unwrap_or_default();
    let Some(actor) = session::who(&visit.state, &visit.facts, &visit.headers).await? else {
        let next = format!("/api/o/authorize/?{query}");
        let next =
            form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
        return Ok(session::redirect(&format!("/api/login/?{next}")));
    };
    let offer = match form.offer(&visit.state.room).await {
        Ok(offer) => offer,
        Err(fault) => return refused(fault.into()),
    };
    if offer.needs_no_consent() {
        return form.agreed(&visit.state.room, &actor, &offer).await;
    }
    let hidden =
        ["client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
    let fields: Vec<(&str, String)> =
        hidden.iter().filter_map(|name| Some((*name, form.text(name)?))).collect();
    let question = format!(
        "{} asks to act for {} ({}).",
        offer.application_name(),
        actor.username(),
        offer.scope
    );
    session::consent(&visit.headers, &visit.state, &question, &fields)
}

/// `POST /api/o/authorize/`: the answer of whoever is logged in.
pub(super) async fn authorize(mut visit: Visit) -> Outcome<Response> {
    let form = match Form::read(&mut visit).await {
        Ok(form) => form,
        Err(response) => return Ok(response),
    };
    let Some(actor) = session::who(&visit.state, &visit.facts, &visit.headers).await? else {
        return Err(Error::Unauthenticated.into());
    };
    let csrf = form.text("csrfmiddlewaretoken");
    session::check_csrf(&visit.headers, &visit.base, csrf.as_deref())?;
    let offer = match form.offer(&visit.state.room).await {
        Ok(offer) => offer,
        Err(fault) => return refused(fault.into()),
    };
    if form.text("allow").is_some() {
        return form.agreed(&visit.state.room, &actor, &offer).await;
    }
    Ok(form.told(&offer, &[("error", "access_denied")]))
}

impl Form {
    async fn offer(&self, room: &Strongroom) -> Result<OauthOffer, OauthFault> {
        let client_id = self.text("client_id").unwrap_or_default();
        let (redirect_uri, scope) = (self.text("redirect_uri"), self.text("scope"));
        room.oauth_offer(&client_id, redirect_uri.as_deref(), scope.as_deref()).await
    }

    /// Sends the application its code.
    async fn agreed(
        &self,
        room: &Strongroom,
        actor: &Actor,
        offer: &OauthOffer,
    ) -> Outcome<Response> {
        let method = self.text("code_challenge_method").unwrap_or_else(|| "plain".to_owned());
        let challenge = self.text("code_challenge").map(|text| format!("{method}:{text}"));
        match room.oauth_code(actor, offer, challenge).await {
            Ok(code) => Ok(self.told(offer, &[("code", code.expose_secret())])),
            Err(fault) => refused(fault.into()),
        }
    }

    /// Sends the browser back to the application.
    fn told(&self, offer: &OauthOffer, what: &[(&str, &str)]) -> Response {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(what);
        if let Some(state) = self.text("state") {
            query.append_pair("state", &state);
        }
        let mark = if offer.redirect_uri.contains('?') { '&' } else { '?' };
        session::redirect(&format!("{}{mark}{}", offer.redirect_uri, query.finish()))
    }
}

/// Why a client is given nothing.
enum Refused {
    /// The use-case says so.
    Fault(OauthFault),
    /// The request lacks something.
    Request(&'static str),
    /// The request names no grant that there is.
    GrantType,
}

impl From<OauthFault> for Refused {
    fn from(fault: OauthFault) -> Self {
        Self::Fault(fault)
    }
}

fn given(tokens: &OauthTokens) -> Response {
    let mut response = shown(
        &Members::default()
            .with("access_token", json!(tokens.access_token.expose_secret()))
            .with("expires_in", json!(tokens.expires_in))
            .with("token_type", json!("Bearer"))
            .with("scope", json!(tokens.scope))
            .with("refresh_token", json!(tokens.refresh_token.expose_secret())),
    );
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

fn refused(refused: Refused) -> Outcome<Response> {
    let (error, description) = match refused {
        Refused::GrantType => ("unsupported_grant_type", None),
        Refused::Request(description) => ("invalid_request", Some(description)),
        Refused::Fault(fault) => match fault {
            OauthFault::Client => {
                let body = json!({"error": "invalid_client"});
                let mut response = json_response(StatusCode::UNAUTHORIZED, &body);
                let challenge = HeaderValue::from_static("Bearer error=\"invalid_client\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                return Ok(response);
            }
            OauthFault::NotThisGrant => ("unauthorized_client", None),
            OauthFault::Grant => ("invalid_grant", Some("Invalid credentials given.")),
            OauthFault::Scope => ("invalid_scope", None),
            OauthFault::Redirect => ("invalid_request", Some("Mismatching redirect URI.")),
            OauthFault::RefreshEnded => {
                return Ok(
                    (StatusCode::FORBIDDEN, "The refresh token has expired.").into_response()
                );
            }
            OauthFault::Other(Error::Unauthenticated) => ("invalid_grant", None),
            OauthFault::Other(error) => return Err(error.into()),
        },
    };
    let body = Members::default()
        .with("error", json!(error))
        .with_some("error_description", description.map(|text| json!(text)));
    Ok(json_response(StatusCode::BAD_REQUEST, &body))
}

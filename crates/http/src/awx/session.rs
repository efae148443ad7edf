//! Logging in with a form, the cookie that keeps the session, and the token that proves that a request comes
//! from a page of this server and not from another site with the browser's cookies.

use axum::body::Body;
use axum::extract::{FromRequest as _, Request};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, REFERER, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_seal::{digest, token};
use strongroom_service::{Actor, Presented, SESSION_SECONDS};
use url::{Position, Url};

use super::error::{AwxError, Outcome};
use super::negotiate::takes_html;
use super::serve::Visit;
use crate::body::{MediaType, RawBody};
use crate::facts::Facts;
use crate::state::AppState;

/// The session that a request carries, if it carries one.
pub(super) fn presented(headers: &HeaderMap) -> Option<SecretString> {
    cookie(headers, SESSION_COOKIE).filter(|text| !text.is_empty()).map(SecretString::from)
}

/// Refuses a request by session that could have been sent by a page of another site.
pub(super) fn check_csrf(headers: &HeaderMap, base: &str, field: Option<&str>) -> Outcome<()> {
    let failed =
        |why: &str| Err(AwxError::Detail(StatusCode::FORBIDDEN, format!("CSRF Failed: {why}")));
    let own = origin(base);
    match (headers.get(ORIGIN), headers.get(REFERER)) {
        (Some(sent), _) => {
            let sent = sent.to_str().unwrap_or_default();
            if origin(sent).is_none() || origin(sent) != own {
                return failed("Origin checking failed - it does not match any trusted origins.");
            }
        }
        (None, Some(referer)) if base.starts_with("https:") => {
            let referer = referer.to_str().unwrap_or_default();
            if origin(referer).is_none() || origin(referer) != own {
                return failed("Referer checking failed - it does not match any trusted origins.");
            }
        }
        (None, None) if base.starts_with("https:") => {
            return failed("Referer checking failed - no Referer.");
        }
        (None, _) => {}
    }
    let Some(kept) = csrf_cookie(headers) else {
        return failed("CSRF cookie not set.");
    };
    let sent = match field {
        Some(field) => field,
        None => headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default(),
    };
    if sent.is_empty() {
        return failed("CSRF token missing.");
    }
    if !digest::equal(sent.as_bytes(), kept.as_bytes()) {
        return failed("CSRF token from the 'X-Csrftoken' HTTP header incorrect.");
    }
    Ok(())
}

/// Scheme, host and port of an address.
fn origin(address: &str) -> Option<String> {
    Url::parse(address).ok().map(|url| url[..Position::BeforePath].to_owned())
}

/// Gives the client a token to send with its unsafe requests, unless it has one.
pub(super) fn offer_csrf(request: &HeaderMap, response: &mut Response, state: &AppState) {
    if csrf_cookie(request).is_none()
        && let Ok(token) = new_csrf()
    {
        set_csrf(response, &token, is_secure(state));
    }
}

/// Who is logged in, if somebody is.
pub(super) async fn who(
    state: &AppState,
    facts: &Facts,
    headers: &HeaderMap,
) -> Outcome<Option<Actor>> {
    let Some(session) = presented(headers) else { return Ok(None) };
    let session = Presented::Session(session);
    match state.room.authenticate(Door::Awx, session, facts.origin(Dialect::Awx)).await {
        Ok(actor) => Ok(Some(actor)),
        Err(Error::Unauthenticated) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A page that asks whoever is logged in to agree to something, with what the answer must send back.
pub(super) fn consent(
    headers: &HeaderMap,
    state: &AppState,
    question: &str,
    fields: &[(&str, String)],
) -> Outcome<Response> {
    let hidden: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
        })
        .collect();
    let html =
        CONSENT.replace("{question}", &escaped(question)).replace("{hidden}", &hidden.join("\n"));
    with_csrf(headers, state, StatusCode::OK, &html)
}

/// Sets the cookie of a session that goes on.
pub(super) fn keep(response: &mut Response, session: &SecretString, state: &AppState) {
    let text = session.expose_secret();
    let attributes = format!("; HttpOnly; Max-Age={SESSION_SECONDS}");
    set_cookie(response, SESSION_COOKIE, text, &attributes, is_secure(state));
}

/// `GET /api/login/`: a form, for whoever can show one.
#[expect(clippy::unused_async, reason = "a handler like all others")]
pub(super) async fn form(visit: Visit) -> Outcome<Response> {
    if !takes_html(&visit.headers) {
        return Ok(StatusCode::NOT_ACCEPTABLE.into_response());
    }
    let next = visit.query.get("next").unwrap_or_default();
    page(&visit, StatusCode::OK, next)
}

/// `POST /api/login/`: a session for a user name and a password.
pub(super) async fn log_in(mut visit: Visit) -> Outcome<Response> {
    let form = match read_form(visit.request.take()).await {
        Ok(form) => form,
        Err(response) => return Ok(response),
    };
    check_csrf(&visit.headers, &visit.base, form.csrf.as_deref())?;
    let origin = visit.facts.origin(Dialect::Awx);
    let begun = visit.state.room.begin_session(&form.username, form.password, origin.clone()).await;
    let session = match begun {
        Ok(session) => session,
        Err(Error::Unauthenticated) => {
            return page(&visit, StatusCode::UNAUTHORIZED, &form.next);
        }
        Err(error) => return Err(error.into()),
    };
    // Whoever logs in anew leaves nothing behind, and what an attacker planted is not taken over.
    if let Some(old) = presented(&visit.headers) {
        visit.state.room.end_session(old, origin).await?;
    }
    let mut response = redirect(local(&form.next));
    let secure = is_secure(&visit.state);
    keep(&mut response, &session, &visit.state);
    set_cookie(&mut response, LOGGED_IN_COOKIE, "true", "", secure);
    set_csrf(&mut response, &new_csrf()?, secure);
    response.headers_mut().insert(COOKIE_NAME, HeaderValue::from_static(SESSION_COOKIE));
    Ok(response)
}

/// `GET` and `POST /api/logout/`
pub(super) async fn log_out(visit: Visit) -> Outcome<Response> {
    if let Some(session) = presented(&visit.headers) {
        visit.state.room.end_session(session, visit.facts.origin(Dialect::Awx)).await?;
    }
    let mut response = redirect("/api/");
    let secure = is_secure(&visit.state);
    set_cookie(&mut response, SESSION_COOKIE, "", "; HttpOnly; Max-Age=0", secure);
    set_cookie(&mut response, LOGGED_IN_COOKIE, "false", "", secure);
    Ok(response)
}

/// What the form sends.
struct Form {
    username: String,
    password: SecretString,
    next: String,
    csrf: Option<String>,
}

/// Reads a form; what is no form is an empty one, as it is to AWX.
async fn read_form(request: Option<Request>) -> Result<Form, Response> {
    let mut form = Form {
        username: String::new(),
        password: SecretString::from(""),
        next: String::new(),
        csrf: None,
    };
    let Some(request) = request else { return Ok(form) };
    let body = RawBody::from_request(request, &()).await?;
    if body.media_type != MediaType::Form {
        return Ok(form);
    }
    for (name, value) in form_urlencoded::parse(&body.bytes) {
        match name.as_ref() {
            "username" => form.username = value.into_owned(),
            "password" => form.password = SecretString::from(value.into_owned()),
            "next" => form.next = value.into_owned(),
            "csrfmiddlewaretoken" => form.csrf = Some(value.into_owned()),
            _ => {}
        }
    }
    Ok(form)
}

/// The form itself, with the token that it must send back.
fn page(visit: &Visit, status: StatusCode, next: &str) -> Outcome<Response> {
    let wrong = match status {
        StatusCode::UNAUTHORIZED => "<p>Wrong user name or password.</p>\n",
        _ => "",
    };
    let html = PAGE.replace("{wrong}", wrong).replace("{next}", &escaped(local(next)));
    with_csrf(&visit.headers, &visit.state, status, &html)
}

/// A page with a form, with the token that it must send back.
fn with_csrf(
    headers: &HeaderMap,
    state: &AppState,
    status: StatusCode,
    html: &str,
) -> Outcome<Response> {
    let kept = csrf_cookie(headers).map(str::to_owned);
    let csrf = match &kept {
        Some(kept) => kept.clone(),
        None => new_csrf()?,
    };
    let html = html.replace("{csrf}", &escaped(&csrf));
    let mut response = (status, Body::from(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(POLICY, HeaderValue::from_static(ONLY_THE_FORM));
    if kept.is_none() {
        set_csrf(&mut response, &csrf, is_secure(state));
    }
    Ok(response)
}

/// Where to go after the login: a path of this server, whatever was asked for.
fn local(next: &str) -> &str {
    let is_path = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path { next } else { "/api/" }
}

/// Sends the browser elsewhere.
pub(super) fn redirect(to: &str) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whether cookies may travel encrypted only: exactly when the address that clients know is.
fn is_secure(state: &AppState) -> bool {
    let settings = &state.settings;
    settings.public_url.as_ref().map_or(settings.tls, |url| url.scheme() == "https")
}

fn set_csrf(response: &mut Response, token: &str, secure: bool) {
    set_cookie(response, CSRF_COOKIE, token, "; Max-Age=31449600", secure);
}

fn set_cookie(response: &mut Response, name: &str, value: &str, more: &str, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}{more}; Path=/api/; SameSite=Lax{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// The value of a cookie; of several with one name the first, which is the one with the longest path.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(given, value)| (given.trim(), value.trim()))
        .find(|(given, _)| *given == name)
        .map(|(_, value)| value)
}

/// The token that the client keeps, if it has the form of one.
fn csrf_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, CSRF_COOKIE)
        .filter(|text| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn new_csrf() -> Outcome<String> {
    let drawn = token::Token::generate_plain().map_err(Error::internal)?;
    Ok(drawn.text.expose_secret().to_owned())
}

const SESSION_COOKIE: &str = "awx_sessionid";
const CSRF_COOKIE: &str = "csrftoken";
const LOGGED_IN_COOKIE: &str = "userLoggedIn";
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrftoken");
const COOKIE_NAME: HeaderName = HeaderName::from_static("x-api-session-cookie-name");
const POLICY: HeaderName = HeaderName::from_static("content-security-policy");
/// Nothing but a form, shown in no other page. Where it leads is not restricted: after consent the browser goes on to
/// the application.
const ONLY_THE_FORM: &str = "default-src 'none'; frame-ancestors 'none'";
const CONSENT: &str = r#"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Authorize</title></head>
<body>
<h1>Authorize</h1>
<p>{question}</p>
<form action="/api/o/authorize/" method="post">
<input type="hidden" name="csrfmiddlewaretoken" value="{csrf}">
{hidden}
<p><button type="submit" name="allow" value="yes">Allow</button>
<button type="submit">Refuse</button></p>
</form>
</body>
</html>
"#;
const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Log in</title></head>
<body>
<h1>Log in</h1>
{wrong}<form action="/api/login/" method="post">
<input type="hidden" name="csrfmiddlewaretoken" value="{csrf}">
<input type="hidden" name="next" value="{next}">
<p><label>User name <input type="text" name="username" autocomplete="username" required></label></p>
<p><label>Password <input type="password" name="password" autocomplete="current-password" required></label></p>
<p><button type="submit">Log in</button></p>
</form>
</body>
</html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_this_server_only() {
        for (next, expected) in [
            ("/api/v2/", "/api/v2/"),
            ("", "/api/"),
            ("//evil.example/", "/api/"),
            ("/\\evil.example/", "/api/"),
            ("https://evil.example/", "/api/"),
            ("/a b", "/api/"),
        ] {
            assert_eq!(local(next), expected, "{next}");
        }
    }

    #[test]
    fn cookies_are_read_one_by_one() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; awx_sessionid=abc ;b=\"2\"".parse().unwrap());
        headers.append(COOKIE, "awx_sessionid=later".parse().unwrap());
        assert_eq!(cookie(&headers, "awx_sessionid"), Some("abc"));
        assert_eq!(cookie(&headers, "sessionid"), None);
    }

    #[test]
    fn a_request_from_elsewhere_is_refused() {
        let token = "t".repeat(43);
        for (base, given, expected) in [
            ("http://localhost", vec![], Err("CSRF cookie not set.")),
            ("http://localhost", vec![("cookie", "csrftoken=TT")], Err("CSRF token missing.")),
            ("http://localhost", vec![("cookie", "csrftoken=TT"), ("x-csrftoken", "TT")], Ok(())),
            (
                "http://localhost",
                vec![("cookie", "csrftoken=TT"), ("x-csrftoken", "other")],
                Err("CSRF token from the 'X-Csrftoken' HTTP header incorrect."),
            ),
            (
                "http://localhost",
                vec![
                    ("origin", "http://evil.example"),
                    ("cookie", "csrftoken=TT"),
                    ("x-csrftoken", "TT"),
                ],
                Err("Origin checking failed - it does not match any trusted origins."),
            ),
            (
                "https://room.example",
                vec![("cookie", "csrftoken=TT"), ("x-csrftoken", "TT")],
                Err("Referer checking failed - no Referer."),
            ),
            (
                "https://room.example",
                vec![
                    ("referer", "https://room.example/api/login/"),
                    ("cookie", "csrftoken=TT"),
                    ("x-csrftoken", "TT"),
                ],
                Ok(()),
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &given {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                headers.insert(name, value.replace("TT", &token).parse().unwrap());
            }
            let said = check_csrf(&headers, base, None).map_err(|error| match error {
                AwxError::Detail(_, text) => text,
                other => panic!("{other:?}"),
            });
            let expected = expected.map_err(|text| format!("CSRF Failed: {text}"));
            assert_eq!(said, expected, "{given:?}");
        }
    }
}

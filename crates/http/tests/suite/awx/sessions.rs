//! Logging in with a form, and what the cookie opens.

use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{Method, Request};
use serde_json::{Value, json};
use strongroom_http::HttpSettings;

use super::answers;
use crate::room::{Caller, PASSWORD, Reply, Room, on_both_stores};

/// A client that keeps cookies.
struct Browser {
    caller: Caller,
    csrf: String,
    session: Option<String>,
}

impl Browser {
    async fn new(room: &Room) -> Self {
        let caller = room.anonymous();
        let greeting = caller.get("/api/").await;
        let csrf = cookie(&greeting, "csrftoken").expect("the root gives a token");
        Self { caller, csrf, session: None }
    }

    async fn log_in(&mut self, password: &str) -> Reply {
        let form = format!("username=admin&password={}&next=/api/", password.replace(' ', "+"));
        let reply = self.form("/api/login/", &form).await;
        if let Some(session) = cookie(&reply, "awx_sessionid") {
            self.session = Some(session);
            self.csrf = cookie(&reply, "csrftoken").expect("a login changes the token");
        }
        reply
    }

    async fn form(&self, path: &str, form: &str) -> Reply {
        let request = self.request(Method::POST, path).header("x-csrftoken", &self.csrf);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.caller.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    async fn json(&self, method: Method, path: &str, body: &Value, csrf: &str) -> Reply {
        let request = self.request(method, path).header("x-csrftoken", csrf);
        let request = request.header(CONTENT_TYPE, "application/json");
        self.caller.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.caller.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let session = self.session.as_ref().map(|text| format!("; awx_sessionid={text}"));
        let cookies = format!("csrftoken={}{}", self.csrf, session.unwrap_or_default());
        Request::builder().method(method).uri(path).header(COOKIE, cookies)
    }
}

/// The value of a cookie that an answer sets.
fn cookie(reply: &Reply, name: &str) -> Option<String> {
    let set = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let mut values = set.filter_map(|text| text.split(';').next()?.split_once('='));
    values.find(|(given, value)| *given == name && !value.is_empty()).map(|(_, v)| v.to_owned())
}

on_both_stores! {
    async fn a_session_opens_what_its_user_may_until_he_logs_out(room: Room) {
        let mut browser = Browser::new(&room).await;
        let reply = browser.log_in(PASSWORD).await;
        reply.status_is(302);
        assert_eq!(reply.header("location"), "/api/");
        assert_eq!(reply.header("x-api-session-cookie-name"), "awx_sessionid");
        let me = browser.get("/api/v2/me/").await.is(200);
        assert_eq!(me["results"][0]["username"], "admin");
        let body = json!({"description": "made by a session"});
        let made = browser.json(Method::POST, "/api/v2/tokens/", &body, &browser.csrf).await.is(201);
        // A session is a cookie and nothing else.
        let session = browser.session.clone().unwrap();
        room.by_token(&session).get("/api/v2/me/").await.is(401);
        let left = browser.form("/api/logout/", "").await;
        left.status_is(302);
        browser.get("/api/v2/me/").await.is(401);
        // What was made with it stands for itself.
        room.by_token(made["token"].as_str().unwrap()).get("/api/v2/me/").await.is(200);
    }

    async fn a_session_ends_when_it_stands_idle_and_goes_on_while_it_is_used(room: Room) {
        let mut browser = Browser::new(&room).await;
        browser.log_in(PASSWORD).await;
        for _ in 0..4 {
            room.wait(1000);
            let reply = browser.get("/api/v2/me/").await;
            reply.is(200);
            assert!(cookie(&reply, "awx_sessionid").is_some(), "the cookie lives on with it");
        }
        room.wait(1801);
        browser.get("/api/v2/me/").await.is(401);
    }

    async fn a_new_password_ends_the_other_sessions(room: Room) {
        let (mut one, mut other) = (Browser::new(&room).await, Browser::new(&room).await);
        one.log_in(PASSWORD).await;
        other.log_in(PASSWORD).await;
        let body = json!({"password": "another long password"});
        one.json(Method::PATCH, "/api/v2/users/1/", &body, &one.csrf).await.is(200);
        one.get("/api/v2/me/").await.is(200);
        other.get("/api/v2/me/").await.is(401);
    }

    async fn a_person_agrees_and_the_program_gets_a_token(room: Room) {
        let admin = room.admin().await;
        let program = json!({
            "name": "<b>web</b>",
            "organization": 1,
            "client_type": "public",
            "authorization_grant_type": "authorization-code",
            "redirect_uris": "https://app.example/done https://app.example/other",
        });
        let made = admin.post("/api/v2/applications/", &program).await.is(201);
        let client_id = made["client_id"].as_str().unwrap();
        let asked = format!(
            "client_id={client_id}&response_type=code&redirect_uri=https://app.example/done&scope=read&state=s1\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        let path = format!("/api/o/authorize/?{asked}");
        let mut browser = Browser::new(&room).await;
        let stranger = browser.get(&path).await;
        stranger.status_is(302);
        assert!(stranger.header("location").starts_with("/api/login/?next=%2Fapi%2Fo%2Fauthorize%2F%3Fclient_id"));
        browser.log_in(PASSWORD).await;
        let page = browser.get(&path).await;
        page.status_is(200);
        assert!(page.text.contains("&lt;b&gt;web&lt;/b&gt; asks to act for admin (read)."), "{}", page.text);
        let elsewhere = browser.get(&path.replace("app.example/done", "evil.example/")).await;
        assert_eq!(elsewhere.is(400)["error"], "invalid_request");
        let refused = browser.form("/api/o/authorize/", &asked).await;
        assert_eq!(refused.header("location"), "https://app.example/done?error=access_denied&state=s1");
        let agreed = browser.form("/api/o/authorize/", &format!("{asked}&allow=yes")).await;
        agreed.status_is(302);
        let code = agreed.header("location").strip_prefix("https://app.example/done?code=").unwrap();
        let code = code.strip_suffix("&state=s1").unwrap();
        let exchange = |code: &str, verifier: &str| {
            format!(
                "grant_type=authorization_code&code={code}&client_id={client_id}\
                 &redirect_uri=https://app.example/done&code_verifier={verifier}"
            )
        };
        let right = exchange(code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let given = browser.form("/api/o/token/", &right).await.is(200);
        assert_eq!(given["scope"], "read");
        room.by_token(given["access_token"].as_str().unwrap()).get("/api/v2/me/").await.is(200);
        assert_eq!(browser.form("/api/o/token/", &right).await.is(400)["error"], "invalid_grant");
        // Without the proof a code is worth nothing, and it is spent all the same.
        let agreed = browser.form("/api/o/authorize/", &format!("{asked}&allow=yes")).await;
        let code = agreed.header("location").split(['=', '&']).nth(1).unwrap().to_owned();
        browser.form("/api/o/token/", &exchange(&code, "wrong")).await.is(400);
        let right = exchange(&code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        browser.form("/api/o/token/", &right).await.is(400);
    }
}

#[tokio::test]
async fn a_session_changes_nothing_without_the_token_of_the_page() {
    let room = Room::new().await;
    let mut browser = Browser::new(&room).await;
    browser.log_in(PASSWORD).await;
    let body = json!({"name": "new"});
    for (csrf, said) in [
        ("", "CSRF Failed: CSRF token missing."),
        ("wrong", "CSRF Failed: CSRF token from the 'X-Csrftoken' HTTP header incorrect."),
    ] {
        let reply = browser.json(Method::POST, "/api/v2/organizations/", &body, csrf).await;
        answers(&reply, 403, &json!({"detail": said}));
    }
    let foreign = browser.request(Method::POST, "/api/v2/organizations/");
    let foreign =
        foreign.header("x-csrftoken", &browser.csrf).header("origin", "http://evil.example");
    let foreign = foreign.header(CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap();
    browser.caller.send(foreign).await.is(403);
    let reply = browser.json(Method::POST, "/api/v2/organizations/", &body, &browser.csrf).await;
    reply.is(201);
    // Whoever sends a token of his own is asked for no other.
    room.admin().await.post("/api/v2/organizations/", &json!({"name": "newer"})).await.is(201);
}

#[tokio::test]
async fn a_login_that_fails_says_no_more_than_that() {
    let room = Room::new().await;
    let mut browser = Browser::new(&room).await;
    let wrong = browser.log_in("wrong").await;
    wrong.status_is(401);
    assert!(wrong.text.contains("<form") && !wrong.text.contains("wrong\""));
    assert_eq!(wrong.header("content-type"), "text/html; charset=utf-8");
    browser.csrf = String::new();
    let reply = browser.log_in(PASSWORD).await;
    answers(&reply, 403, &json!({"detail": "CSRF Failed: CSRF cookie not set."}));
}

#[tokio::test]
async fn the_form_is_for_those_who_can_show_it() {
    let room = Room::new().await;
    let caller = room.anonymous();
    let form = caller.get("/api/login/?next=/api/v2/%22%3E").await;
    form.status_is(200);
    assert!(form.text.contains("csrfmiddlewaretoken") && !form.text.contains("\">\""));
    let request = Request::get("/api/login/").header("accept", "application/json");
    let reply = caller.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.text.as_str()), (406, ""));
}

#[tokio::test]
async fn cookies_are_for_this_dialect_and_as_safe_as_the_way_to_it() {
    for (public_url, secure) in [(None, false), (Some("https://room.example/"), true)] {
        let public_url = public_url.map(|url: &str| url.parse().unwrap());
        let room = Room::with(HttpSettings { public_url, ..HttpSettings::default() }).await;
        let greeting = room.anonymous().get("/api/").await;
        let set = greeting.header("set-cookie");
        assert!(set.contains("; Path=/api/; SameSite=Lax"), "{set}");
        assert_eq!(set.contains("; Secure"), secure, "{set}");
    }
}

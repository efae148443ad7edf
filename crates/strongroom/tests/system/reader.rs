//! What the tests ask of a running server, as the first administrator with a token.

use serde_json::{Value, json};

use crate::common::{ADMIN_PASSWORD, Server};
use crate::wire::{Answer, Request, Wire};

/// One administrator's connection.
pub(crate) struct Reader {
    wire: Wire,
    pub(crate) token: String,
}

impl Reader {
    /// Gets a token that opens the native API and AWX.
    pub(crate) fn log_in(server: &Server) -> Self {
        let mut reader = Self::with_token(server, "");
        let request = Request::new("POST", "/strongroom/v1/tokens")
            .basic("admin", ADMIN_PASSWORD)
            .json(&json!({"kind": "native", "name": "reader", "dialects": ["awx"]}));
        let issued = reader.ok(&request).json();
        issued["token"].as_str().unwrap().clone_into(&mut reader.token);
        reader
    }

    pub(crate) fn with_token(server: &Server, token: &str) -> Self {
        Self { wire: Wire::open(server.address()).unwrap(), token: token.to_owned() }
    }

    /// The answer to a request that must succeed.
    pub(crate) fn ok(&mut self, request: &Request) -> Answer {
        let answer = self.wire.call(request).unwrap();
        assert!((200..300).contains(&answer.status), "{}: {}", answer.head, answer.text());
        answer
    }

    pub(crate) fn get(&mut self, target: &str) -> Value {
        let token = self.token.clone();
        self.get_as(&token, target)
    }

    pub(crate) fn get_as(&mut self, token: &str, target: &str) -> Value {
        self.ok(&Request::new("GET", target).bearer(token)).json()
    }

    pub(crate) fn post(&mut self, target: &str, body: &Value) -> Value {
        let request = Request::new("POST", target).bearer(&self.token).json(body);
        self.ok(&request).json()
    }

    /// The id of a new user.
    pub(crate) fn create_user(&mut self, username: &str, password: &str) -> i64 {
        let body = json!({"username": username, "password": password});
        self.post("/api/v2/users/", &body)["id"].as_i64().unwrap()
    }

    /// The one credential of a name, if there is one.
    pub(crate) fn credential_named(&mut self, name: &str) -> Option<i64> {
        let found = self.get(&format!("/api/v2/credentials/?name={name}"));
        assert!(found["count"].as_i64().unwrap() <= 1, "{name} is there twice");
        found["results"][0]["id"].as_i64()
    }

    /// How many versions a credential has.
    pub(crate) fn versions(&mut self, id: i64) -> usize {
        let versions = self.get(&format!("/strongroom/v1/credentials/{id}/versions"));
        versions["items"].as_array().unwrap().len()
    }

    /// How many entries of creation and of change a credential has.
    pub(crate) fn activity(&mut self, id: i64) -> (usize, usize) {
        let entries = self.get(&format!("/api/v2/credentials/{id}/activity_stream/?page_size=200"));
        let of = |operation: &str| {
            let entries = entries["results"].as_array().unwrap().iter();
            entries.filter(|entry| entry["operation"] == operation).count()
        };
        (of("create"), of("update"))
    }

    /// The names of all credentials.
    pub(crate) fn credential_names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = Value::from("/api/v2/credentials/?page_size=200");
        while let Some(target) = next.as_str() {
            let page = self.get(target);
            names.extend(self::names(&page["results"]));
            next = page["next"].clone();
        }
        names
    }

    /// The names of all own tokens.
    pub(crate) fn token_names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let mut after = Some("0".to_owned());
        while let Some(id) = after {
            let page = self.get(&format!("/strongroom/v1/tokens?limit=200&after={id}"));
            names.extend(self::names(&page["items"]));
            after = page["next"].as_str().map(str::to_owned);
        }
        names
    }
}

fn names(objects: &Value) -> Vec<String> {
    let objects = objects.as_array().unwrap().iter();
    objects.map(|object| object["name"].as_str().unwrap().to_owned()).collect()
}

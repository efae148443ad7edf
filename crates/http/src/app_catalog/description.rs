//! The description of this API, for whoever makes a client of it.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;

/// The description in the format of OpenAPI 3.0.
pub(super) async fn show() -> Response {
    let yaml = HeaderValue::from_static("application/yaml");
    ([(CONTENT_TYPE, yaml)], DESCRIPTION).into_response()
}

const DESCRIPTION: &str = include_str!("api.yml");

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document: Value = serde_saphyr::from_str(DESCRIPTION).unwrap();
        let mut described: Vec<(String, String)> = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
            described.extend(methods.map(|method| (path.clone(), method.to_uppercase())));
        }
        let mut served: Vec<(String, String)> = crate::app_catalog::routes()
            .into_iter()
            .map(|route| (route.template.to_owned(), route.method.to_owned()))
            .filter(|(path, _)| path != "/v1/api.yml")
            .collect();
        described.sort();
        served.sort();
        assert_eq!(described, served);
    }
}

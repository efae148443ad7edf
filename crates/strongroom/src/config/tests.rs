use super::*;
use std::ffi::OsString;

use secrecy::ExposeSecret;
use strongroom_service::TokenKeyForm;

fn flags(pairs: &[(&'static str, &str)]) -> Flags {
    pairs
        .iter()
        .fold(Flags::default(), |flags, (name, value)| flags.with(name, [OsString::from(value)]))
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::new(pairs.iter().map(|(name, value)| (name.into(), value.into())))
}

fn read(given: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(flags(given), environment(variables), false)
}

fn refusal(given: &[(&'static str, &str)], variables: &[(&str, &str)]) -> String {
    read(given, variables).err().map(|error| error.to_string()).unwrap_or_default()
}

fn file(content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strongroom.toml");
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn defaults_hold_when_nothing_is_said() {
    let config = read(&[], &[("STRONGROOM_LISTEN", "")]).unwrap();
    assert_eq!(config.store.listen.to_string(), "127.0.0.1:8470");
    assert!(
        config.store.data_dir.is_absolute() && config.store.data_dir.ends_with("strongroom-data")
    );
    assert!(config.store.key.may_create);
    assert!(config.store.key.path.ends_with("strongroom-data/keys/root.key"));
    assert_eq!(config.store.issuer(), "http://127.0.0.1:8470");
    assert_eq!((config.log_level, config.log_format), (Level::INFO, LogFormat::Json));
    assert!(!config.node.is_empty());
}

#[test]
fn the_flag_wins_then_the_variable_then_the_file() {
    let (_folder, path) = file("listen = \"127.0.0.1:3\"\nlog = \"debug\"\nnode = \"of-file\"\n");
    let variables = [
        ("STRONGROOM_LISTEN", "127.0.0.1:2"),
        ("STRONGROOM_LOG", "warn"),
        ("STRONGROOM_CONFIG", &path),
    ];
    let config = read(&[("listen", "127.0.0.1:1")], &variables).unwrap();
    assert_eq!(config.store.listen.port(), 1);
    assert_eq!(config.log_level, Level::WARN);
    assert_eq!(config.node, "of-file");
}

#[test]
fn every_key_of_the_file_is_read() {
    let (folder, _) = file("");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "the secret\n").unwrap();
    let secret = secret.display();
    let (_other, path) = file(&format!(
        "data_dir = '/d'\ndatabase_url = 'postgres://u:p@h/d'\ndatabase_connections = 7\n\
         key_file = '/k'\nlisten = '[::1]:9'\ntls_cert = '/c'\ntls_key = '/p'\n\
         public_url = 'https://room.example'\ntrusted_proxy = ['10.0.0.0/8', '::1']\n\
         insecure_http = false\nmetrics_token_file = '{secret}'\nadmin_password_file = '{secret}'\n\
         node = 'n'\nlog = 'error'\nlog_format = 'text'\nlist_timeout_ms = 50\nregistry_token_key = 'kid'\n\
         probely_reveal = false\n"
    ));
    let config = read(&[("config", &path)], &[]).unwrap();
    let store = &config.store;
    assert_eq!(store.data_dir, Path::new("/d"));
    assert_eq!(store.database_url.as_ref().unwrap().expose_secret(), "postgres://u:p@h/d");
    assert_eq!((store.database_connections, store.listen.port()), (7, 9));
    assert_eq!((store.key.path.as_path(), store.key.may_create), (Path::new("/k"), false));
    assert_eq!(store.tls.as_ref().unwrap().key, Path::new("/p"));
    assert_eq!(store.admin_password.as_ref().unwrap().expose_secret(), "the secret");
    assert_eq!(config.metrics_token.as_ref().unwrap().expose_secret(), "the secret");
    assert_eq!(store.issuer(), "https://room.example");
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.log_format, LogFormat::Text);
    let tuning = store.tuning;
    assert!(!tuning.probely_reveal);
    assert_eq!((tuning.list_time.as_millis(), tuning.token_key), (50, TokenKeyForm::KeyId));
}

#[test]
fn an_unknown_key_or_broken_line_is_refused_without_its_content() {
    let (_folder, path) = file("lisen = 'x'\n");
    assert!(
        refusal(&[("config", &path)], &[])
            .ends_with("`lisen` is not a setting; docs/configuration.md lists them")
    );
    let (_folder, path) = file("node = 'n'\ndatabase_url = 'postgres://u:hunter2@h/d\n");
    let message = refusal(&[("config", &path)], &[]);
    assert!(message.ends_with(", line 2: this is not TOML"), "{message}");
    let (_folder, path) = file("admin_password = 'hunter2'\n");
    let message = refusal(&[("config", &path)], &[]);
    assert!(message.contains("`admin_password` is not a setting") && !message.contains("hunter2"));
}

#[test]
fn a_wrong_value_is_named_by_its_origin_and_not_repeated() {
    let (_folder, path) = file("listen = ['127.0.0.1:1', '127.0.0.1:2']\n");
    let cases: [(&'static str, &str, &str); 15] = [
        ("listen", "localhost:8470", "--listen must be an IP address"),
        ("public_url", "https://host/path", "--public-url must be"),
        ("public_url", "ftp://host", "--public-url must be"),
        ("public_url", "https://u:p@host", "--public-url must be"),
        ("trusted_proxy", "10.0.0.0/99", "--trusted-proxy must be a network"),
        ("insecure_http", "yes", "--insecure-http must be `true` or `false`"),
        ("probely_reveal", "no", "--probely-reveal must be `true` or `false`"),
        ("database_connections", "1", "--database-connections must be a whole number"),
        ("database_url", "mysql://h/d", "--database-url must be `postgres://"),
        ("log", "3", "--log must be error,"),
        ("list_timeout_ms", "0", "--list-timeout-ms must be a whole number of milliseconds"),
        ("registry_token_key", "jwk", "--registry-token-key must be x5c or kid"),
        ("log_format", "xml", "--log-format must be text or json"),
        ("node", " ", "--node must be text"),
        ("config", &path, "must be one value"),
    ];
    for (name, value, message) in cases {
        let said = refusal(&[(name, value)], &[]);
        assert!(said.contains(message), "{name}: {said}");
    }
    let said = refusal(&[], &[("STRONGROOM_LISTEN", "hunter2")]);
    assert!(said.starts_with("STRONGROOM_LISTEN must be") && !said.contains("hunter2"));
}

#[test]
fn no_password_is_taken_from_a_flag() {
    for url in ["postgres://u:hunter2@h/d", "postgres://u@h/d?password=hunter2"] {
        let message = refusal(&[("database_url", url)], &[]);
        assert!(message.contains("STRONGROOM_DATABASE_URL") && !message.contains("hunter2"));
        assert!(read(&[], &[("STRONGROOM_DATABASE_URL", url)]).is_ok());
    }
    assert!(read(&[("database_url", "postgresql://u@h/d")], &[]).is_ok());
}

#[test]
fn beyond_loopback_there_is_tls_or_a_word_for_its_absence() {
    let open = ("listen", "0.0.0.0:8470");
    let proxy = ("trusted_proxy", "10.0.0.1");
    for refused in [
        vec![open],
        vec![("listen", "[::]:8470")],
        vec![open, ("public_url", "https://room.example")],
        vec![open, proxy],
        vec![open, proxy, ("public_url", "http://room.example")],
        vec![open, ("insecure_http", "false")],
    ] {
        assert!(refusal(&refused, &[]).contains("--insecure-http"), "{refused:?}");
    }
    for served in [
        vec![("listen", "[::1]:1")],
        vec![("listen", "127.9.9.9:1")],
        vec![open, proxy, ("public_url", "https://room.example")],
        vec![open, ("insecure_http", "true")],
        vec![open, ("tls_cert", "/c"), ("tls_key", "/k")],
    ] {
        assert!(read(&served, &[]).is_ok(), "{served:?}");
    }
    assert_eq!(refusal(&[open, ("tls_cert", "/c")], &[]), "--tls-cert needs --tls-key as well");
}

#[test]
fn the_key_is_the_one_named_then_the_one_handed_over_then_our_own() {
    let credentials = tempfile::tempdir().unwrap();
    let directory = credentials.path().to_str().unwrap();
    let handed = [("CREDENTIALS_DIRECTORY", directory)];
    assert!(read(&[], &handed).unwrap().store.key.may_create);
    std::fs::write(credentials.path().join("root.key"), "").unwrap();
    let key = read(&[], &handed).unwrap().store.key;
    assert_eq!((key.path, key.may_create), (credentials.path().join("root.key"), false));
    let variables = [("CREDENTIALS_DIRECTORY", directory), ("STRONGROOM_KEY_FILE", "/k")];
    assert_eq!(read(&[], &variables).unwrap().store.key.path, Path::new("/k"));
}

#[test]
fn the_first_password_comes_from_one_place() {
    let (_folder, path) = file("from file\n");
    let plain = ("STRONGROOM_ADMIN_PASSWORD", "from variable");
    let named = ("STRONGROOM_ADMIN_PASSWORD_FILE", path.as_str());
    let password = |variables: &[(&str, &str)]| read(&[], variables).unwrap().store.admin_password;
    assert_eq!(password(&[plain]).unwrap().expose_secret(), "from variable");
    assert_eq!(password(&[named]).unwrap().expose_secret(), "from file");
    assert!(refusal(&[], &[plain, named]).contains("are both set"));
    let (_folder, empty) = file("\n");
    let message = refusal(&[], &[("STRONGROOM_ADMIN_PASSWORD_FILE", empty.as_str())]);
    assert!(message.contains("must hold one secret"), "{message}");
}

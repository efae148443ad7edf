//! What the settings may hold, as data. Limits count characters.

/// One member of a document of settings.
#[derive(Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub shape: Shape,
    /// What it holds until somebody sets it, and what a null sets.
    pub initial: Initial,
    /// A new document must have it, and no document may have it null.
    pub required: bool,
}

/// What a member may hold.
#[derive(Debug)]
pub enum Shape {
    /// A text, trimmed.
    Text {
        /// The most characters.
        max: usize,
    },
    /// A text, trimmed, that may mention credentials and is no secret itself.
    Mentioning {
        /// The most characters.
        max: usize,
    },
    /// A text, taken as it is, that may mention credentials and is a secret where it mentions none.
    Secret {
        /// The most characters.
        max: usize,
    },
    /// Steps: a text, taken as it is, or any document, kept as its text.
    Steps {
        /// The most characters.
        max: usize,
    },
    /// The absolute address of a web site; empty unless required.
    Address,
    /// True or false.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these numbers.
    Number(&'static [i64]),
    /// A number from the least to the most.
    Range(i64, i64),
    /// A list of texts.
    Texts,
    /// A list of objects with a name, a value that may be a secret, and these switches.
    Named {
        /// The switches, and what each is unless told.
        flags: &'static [(&'static str, bool)],
    },
    /// An object, merged member by member; absent ones are null.
    Object {
        /// Its members.
        members: &'static [Setting],
        /// Members that are not known are kept and given back.
        open: bool,
    },
}

/// What a member holds until somebody sets it.
#[derive(Debug, Clone, Copy)]
pub enum Initial {
    /// Empty text, false, empty list, or an object of which each member is initial.
    Blank,
    /// Null.
    Null,
    /// True.
    True,
    /// This text.
    Is(&'static str),
    /// This number.
    Count(i64),
}

impl Setting {
    /// Whether a secret may stand in it, so that its values are never told.
    pub fn holds_secrets(&self) -> bool {
        match &self.shape {
            Shape::Secret { .. } | Shape::Named { .. } => true,
            Shape::Object { members, .. } => members.iter().any(Self::holds_secrets),
            _ => false,
        }
    }
}

const fn setting(name: &'static str, shape: Shape) -> Setting {
    Setting { name, shape, initial: Initial::Blank, required: false }
}

const fn initially(name: &'static str, shape: Shape, initial: Initial) -> Setting {
    Setting { name, shape, initial, required: false }
}

const fn required(name: &'static str, shape: Shape) -> Setting {
    Setting { name, shape, initial: Initial::Blank, required: true }
}

/// The switches of a header or cookie, which the product's clients insist on.
const HEADER: Shape = Shape::Named {
    flags: &[
        ("allow_testing", false),
        ("authentication", false),
        ("authentication_secondary", false),
        ("value_is_sensitive", false),
    ],
};

/// The settings of a target.
pub(super) const TARGET: &[Setting] = &[
    required("site", Shape::Object { members: SITE, open: false }),
    initially("type", Shape::Choice(&["single", "api"]), Initial::Is("single")),
    initially("scan_profile", Shape::Text { max: 255 }, Initial::Is("normal")),
    initially("report_type", Shape::Choice(REPORTS), Initial::Is("default")),
    initially("report_fileformat", Shape::Choice(&["pdf", "docx"]), Initial::Is("pdf")),
    initially("unlimited", Shape::Flag, Initial::True),
    initially("fail_fast", Shape::Flag, Initial::True),
    setting("include_deduplicated_endpoints", Shape::Flag),
    setting("incremental", Shape::Flag),
    setting("reduced_scope", Shape::Flag),
    setting("schedule_incremental", Shape::Flag),
    setting("schedule_reduced_scope", Shape::Flag),
    setting("crawl_sequences_only", Shape::Flag),
    setting("schedule_crawl_sequences_only", Shape::Flag),
];

const REPORTS: &[&str] =
    &["default", "executive_summary", "owasp", "pci", "pci4", "iso27001", "hipaa"];

const SITE: &[Setting] = &[
    setting("name", Shape::Text { max: 255 }),
    setting("desc", Shape::Text { max: 4096 }),
    required("url", Shape::Address),
    setting("has_form_login", Shape::Flag),
    setting("form_login_url", Shape::Address),
    setting("form_login_check_pattern", Shape::Text { max: 255 }),
    setting("form_login", Shape::Named { flags: &[] }),
    setting("has_sequence_login", Shape::Flag),
    setting("has_sequence_navigation", Shape::Flag),
    setting("has_basic_auth", Shape::Flag),
    setting("basic_auth", Shape::Object { members: BASIC_AUTH, open: false }),
    setting("headers", HEADER),
    setting("cookies", HEADER),
    setting("whitelist", Shape::Texts),
    setting("blacklist", Shape::Texts),
    setting("auth_enabled", Shape::Flag),
    setting("logout_detection_enabled", Shape::Flag),
    initially("logout_condition", Shape::Choice(&["any", "all"]), Initial::Is("any")),
    setting("check_session_url", Shape::Text { max: 2048 }),
    setting("has_otp", Shape::Flag),
    setting("otp_secret", Shape::Secret { max: 1024 }),
    initially("otp_type", Shape::Choice(&["totp", "other"]), Initial::Is("totp")),
    initially("otp_algorithm", Shape::Choice(&["SHA1", "SHA256", "SHA512"]), Initial::Is("SHA1")),
    initially("otp_digits", Shape::Number(&[6, 7, 8]), Initial::Count(6)),
    setting("otp_field", Shape::Text { max: 1024 }),
    setting("otp_submit", Shape::Text { max: 1024 }),
    setting("otp_login_sequence_totp_value", Shape::Text { max: 8 }),
    setting("otp_url", Shape::Address),
    initially("api_scan_settings", Shape::Object { members: API_SCAN, open: true }, Initial::Null),
];

const BASIC_AUTH: &[Setting] = &[
    setting("username", Shape::Mentioning { max: 255 }),
    setting("password", Shape::Secret { max: 255 }),
];

const API_SCAN: &[Setting] = &[
    initially("api_schema_type", Shape::Choice(&["openapi", "postman"]), Initial::Is("openapi")),
    initially("api_schema_url", Shape::Address, Initial::Null),
    initially("api_schema_file", Shape::Text { max: 1024 }, Initial::Null),
    setting("custom_api_parameters", Shape::Named { flags: &[] }),
    initially(
        "media_type",
        Shape::Choice(&["application/json", "application/x-www-form-urlencoded"]),
        Initial::Is("application/json"),
    ),
    setting("api_login_enabled", Shape::Flag),
    setting("api_login_url", Shape::Address),
    setting("api_login_payload", Shape::Secret { max: 4096 }),
    setting("api_login_token_field", Shape::Text { max: 256 }),
    setting("token_prefix", Shape::Text { max: 16 }),
    setting("token_parameter_name", Shape::Text { max: 256 }),
    setting("token_parameter_location", Shape::Choice(&["", "cookie", "header"])),
];

/// The settings of a sequence.
pub(super) const SEQUENCE: &[Setting] = &[
    required("name", Shape::Text { max: 255 }),
    initially("type", Shape::Choice(&["login", "navigation"]), Initial::Is("login")),
    setting("requires_authentication", Shape::Flag),
    initially("enabled", Shape::Flag, Initial::True),
    initially("index", Shape::Range(0, 1_000_000), Initial::Null),
    setting("content", Shape::Steps { max: 500_000 }),
    setting(
        "custom_field_mappings",
        Shape::Named { flags: &[("value_is_sensitive", false), ("enabled", true)] },
    ),
];

/// The settings of an extra host.
pub(super) const EXTRA_HOST: &[Setting] = &[
    setting("name", Shape::Text { max: 255 }),
    setting("desc", Shape::Text { max: 4096 }),
    required("host", Shape::Text { max: 255 }),
    setting("headers", HEADER),
    setting("cookies", HEADER),
    initially("include", Shape::Flag, Initial::True),
];

/// The settings of a domain.
pub(super) const DOMAIN: &[Setting] = &[
    required("hostname", Shape::Text { max: 256 }),
    initially("basic_auth_username", Shape::Mentioning { max: 255 }, Initial::Null),
    initially("basic_auth_password", Shape::Secret { max: 255 }, Initial::Null),
    initially("port", Shape::Range(1, 65_535), Initial::Null),
];

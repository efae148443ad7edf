//! How a list is asked for: filters, order and page, as values that no dialect's spelling leaks into.

use regex::{Regex, RegexBuilder};
use strongroom_core::access::Role;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Kind;

/// What a list is asked for. It never shows more than the caller may read.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRequest {
    /// Conditions on fields.
    pub filters: Vec<Filter>,
    /// The order, most significant first; the list's own order follows.
    pub order: Vec<Order>,
    /// Which part of the list.
    pub paging: Paging,
    /// Whether to count all matches.
    pub count: bool,
}

impl Default for ListRequest {
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            order: Vec::new(),
            paging: Paging::Offset { limit: 25, offset: 0 },
            count: true,
        }
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// So many elements after skipping so many.
    Offset {
        /// The most elements.
        limit: i64,
        /// How many are skipped.
        offset: i64,
    },
    /// So many elements whose id is greater, in the order of ids.
    After {
        /// The most elements.
        limit: i64,
        /// The last id already seen.
        after: i64,
    },
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// From the listed object to the one that has the field.
    pub path: Path,
    /// The field.
    pub field: Field,
    /// Whether the test must fail.
    pub negated: bool,
    /// Whether it must hold, or is one of the alternatives of which one must.
    pub group: Group,
    /// What is tested.
    pub test: Test,
}

impl Filter {
    /// The test must hold of a field of the listed object.
    pub const fn that(field: Field, test: Test) -> Self {
        Self { path: Path::HERE, field, negated: false, group: Group::All, test }
    }

    /// The field has this value.
    pub const fn equals(field: Field, value: Operand) -> Self {
        Self::that(field, Test::Equals(value))
    }
}

/// From a listed object to another one, relation by relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path([Option<Relation>; Path::MOST]);

impl Path {
    /// The most relations that a condition can follow.
    pub const MOST: usize = 4;
    /// The listed object itself.
    pub const HERE: Self = Self([None; Self::MOST]);

    /// The path along these relations; none when there are too many.
    pub fn along(relations: &[Relation]) -> Option<Self> {
        let mut path = Self::HERE;
        if Self::MOST < relations.len() {
            return None;
        }
        for (step, relation) in path.0.iter_mut().zip(relations) {
            *step = Some(*relation);
        }
        Some(path)
    }

    /// The relations, in order.
    pub fn relations(self) -> impl Iterator<Item = Relation> {
        self.0.into_iter().flatten()
    }
}

/// What ties one object to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the member of that name")]
pub enum Relation {
    Organization,
    CredentialType,
    CreatedBy,
    ModifiedBy,
    User,
    Application,
    Actor,
    Target,
    Source,
    /// The input sources of a credential.
    InputSources,
    /// The input sources that a credential feeds.
    TargetInputSources,
    /// The organizations whose Galaxy credential it is.
    GalaxyOrganizations,
    /// The job templates to which a credential is attached, those of an organization.
    JobTemplates,
    /// The role of that kind on the object.
    Role(Role),
    /// Those who hold the role by name.
    Members,
    /// The roles that the user holds by name.
    Roles,
    Teams,
    Credentials,
    Applications,
    Tokens,
    /// The objects of that kind that an audit entry touches.
    Touched(Kind),
}

impl Relation {
    /// The kind of object that it leads to from a kind that has it.
    pub const fn target(self) -> Kind {
        match self {
            Self::Organization | Self::GalaxyOrganizations => Kind::Organization,
            Self::CredentialType => Kind::CredentialType,
            Self::CreatedBy | Self::ModifiedBy | Self::User | Self::Actor | Self::Members => {
                Kind::User
            }
            Self::Application | Self::Applications => Kind::Application,
            Self::Role(_) | Self::Roles => Kind::Role,
            Self::Teams => Kind::Team,
            Self::Credentials | Self::Target | Self::Source => Kind::Credential,
            Self::InputSources | Self::TargetInputSources => Kind::InputSource,
            Self::JobTemplates => Kind::JobTemplate,
            Self::Tokens => Kind::Token,
            Self::Touched(kind) => kind,
        }
    }

    /// Whether it can lead to several objects.
    pub const fn is_many(self) -> bool {
        matches!(
            self,
            Self::Members
                | Self::Roles
                | Self::Teams
                | Self::Credentials
                | Self::Applications
                | Self::Tokens
                | Self::InputSources
                | Self::TargetInputSources
                | Self::JobTemplates
                | Self::GalaxyOrganizations
                | Self::Touched(_)
        )
    }

    /// Whether whoever reads an object is shown this field of the related one with it, so that it can be asked
    /// for without the right to read that one.
    pub const fn shows(self, field: Field) -> bool {
        match self {
            Self::Organization | Self::Target | Self::Source => {
                matches!(field, Field::Id | Field::Name | Field::Description)
            }
            Self::Application => matches!(field, Field::Id | Field::Name),
            Self::CreatedBy | Self::ModifiedBy | Self::User => {
                matches!(field, Field::Id | Field::Username | Field::FirstName | Field::LastName)
            }
            Self::Role(_) => matches!(field, Field::Id | Field::RoleField),
            _ => false,
        }
    }
}

/// How a condition is joined with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// It must hold; those along one path must hold of the same related object.
    All,
    /// It must hold, of whichever related object.
    Alone,
    /// At least one of these must hold.
    Any,
    /// At least one of those with the same number must hold: one term of a search, looked for in several fields.
    Term(usize),
}

/// What is tested.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The same value.
    Equals(Operand),
    /// One of the values.
    OneOf(Vec<Operand>),
    /// One of these ids, however many they are.
    Ids(Vec<i64>),
    /// Less.
    Less(Operand),
    /// Less or the same.
    LessOrEqual(Operand),
    /// Greater.
    Greater(Operand),
    /// Greater or the same.
    GreaterOrEqual(Operand),
    /// Absent, or present.
    IsNull(bool),
    /// A text that has another text in it. Numbers are read as text.
    Text(TextTest),
    /// A text that a pattern matches. Numbers are read as text.
    Matches(Pattern),
    /// The caller holds this role on the object, whatever the field.
    Held(Role),
}

/// A regular expression that is matched in time linear to the text.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads an expression; the error says what is wrong with it, in a few words and without its text.
    pub fn new(expression: &str, case_blind: bool) -> Result<Self, String> {
        let mut builder = RegexBuilder::new(expression);
        builder.case_insensitive(case_blind).size_limit(PATTERN_BYTES);
        match builder.build() {
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err("the expression is too large".to_owned()),
            Err(error) => {
                let told = error.to_string();
                let last = told.lines().last().unwrap_or_default();
                Err(last.trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// Whether it matches somewhere in the text.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// The most memory that one compiled expression takes.
const PATTERN_BYTES: usize = 1024 * 1024;

/// A test of a text against another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTest {
    /// Where the other text must be.
    pub place: Place,
    /// Whether upper and lower case are alike, at least those of ASCII.
    pub case_blind: bool,
    /// The other text.
    pub text: String,
}

/// Where in a text another one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the whole text.
    Whole,
    /// Anywhere.
    Anywhere,
    /// At the start.
    Start,
    /// At the end.
    End,
}

/// A value that a field is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// An integer or an id.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A text.
    Text(String),
}

impl From<Timestamp> for Operand {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.as_micros())
    }
}

/// One member of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// From the listed object to the one that has the field, never along a relation to many.
    pub path: Path,
    /// The field.
    pub field: Field,
    /// Greatest first.
    pub descending: bool,
}

impl Order {
    /// Least first.
    pub const fn by(field: Field) -> Self {
        Self { path: Path::HERE, field, descending: false }
    }
}

/// The fields that a filter or an order can name. None of them is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the member of that name")]
pub enum Field {
    Id,
    Name,
    Description,
    Created,
    Modified,
    CreatedBy,
    ModifiedBy,
    Organization,
    OrganizationName,
    CredentialType,
    TypeKind,
    TypeNamespace,
    Managed,
    Username,
    FirstName,
    LastName,
    Email,
    IsSuperuser,
    IsSystemAuditor,
    LastLogin,
    MaxHosts,
    User,
    Scope,
    Expires,
    Operation,
    Actor,
    ActorName,
    ObjectKind,
    Changes,
    Dialect,
    Outcome,
    RequestId,
    Source,
    RoleField,
    ResourceKind,
    ResourceId,
    Target,
    SourceCredential,
    InputField,
    Inputs,
    Injectors,
    Application,
    ClientId,
    ClientType,
    GrantType,
    RedirectUris,
    SkipAuthorization,
}

/// The kind of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// An integer.
    Integer,
    /// The id of another object.
    Id,
    /// A boolean.
    Boolean,
    /// A text.
    Text,
    /// A point of time, compared as microseconds.
    Time,
}

impl Field {
    /// Whether some object has no value in it; such objects come after all others.
    pub const fn can_be_null(self) -> bool {
        matches!(
            self,
            Self::CreatedBy
                | Self::ModifiedBy
                | Self::Modified
                | Self::Organization
                | Self::OrganizationName
                | Self::TypeNamespace
                | Self::LastLogin
                | Self::Application
                | Self::Actor
                | Self::ObjectKind
        )
    }

    /// The kind of value it holds.
    pub const fn field_type(self) -> FieldType {
        match self {
            Self::Id | Self::MaxHosts | Self::ResourceId => FieldType::Integer,
            Self::CreatedBy
            | Self::ModifiedBy
            | Self::Organization
            | Self::CredentialType
            | Self::User
            | Self::Target
            | Self::SourceCredential
            | Self::Application
            | Self::Actor => FieldType::Id,
            Self::Managed | Self::IsSuperuser | Self::IsSystemAuditor | Self::SkipAuthorization => {
                FieldType::Boolean
            }
            Self::Created | Self::Modified | Self::LastLogin | Self::Expires => FieldType::Time,
            _ => FieldType::Text,
        }
    }
}

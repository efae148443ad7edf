//! How a list is asked for: filters, order and page, as values that no dialect's spelling leaks into.

use strongroom_core::clock::Timestamp;

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
    /// The field has this value.
    pub const fn equals(field: Field, value: Operand) -> Self {
        Self { field, negated: false, group: Group::All, test: Test::Equals(value) }
    }
}

/// How a condition is joined with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// It must hold.
    All,
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
    /// A text that has another text in it.
    Text(TextTest),
}

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
    /// The field.
    pub field: Field,
    /// Greatest first.
    pub descending: bool,
}

impl Order {
    /// Least first.
    pub const fn by(field: Field) -> Self {
        Self { field, descending: false }
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
    TypeName,
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
    Dialect,
    Outcome,
    RequestId,
    Source,
    CreatedByName,
    ModifiedByName,
    RoleField,
    ResourceKind,
    ResourceId,
    Target,
    SourceCredential,
    InputField,
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
                | Self::CreatedByName
                | Self::ModifiedBy
                | Self::ModifiedByName
                | Self::Modified
                | Self::Organization
                | Self::OrganizationName
                | Self::TypeNamespace
                | Self::LastLogin
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
            | Self::Actor => FieldType::Id,
            Self::Managed | Self::IsSuperuser | Self::IsSystemAuditor => FieldType::Boolean,
            Self::Created | Self::Modified | Self::LastLogin | Self::Expires => FieldType::Time,
            _ => FieldType::Text,
        }
    }
}

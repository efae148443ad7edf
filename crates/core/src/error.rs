//! What can go wrong, as values. No sentence is written here: every dialect has its own words.

use crate::access::Dialect;
use crate::id::Kind;

/// The result of every rule and use-case.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is known to be asking.
    #[error("not authenticated")]
    Unauthenticated,
    /// Too many wrong guesses came from there; try again after so many seconds.
    #[error("throttled for {seconds} s")]
    Throttled {
        /// Seconds until the next try counts.
        seconds: u32,
    },
    /// The actor may see the object but not do this.
    #[error("forbidden: {0:?}")]
    Forbidden(Refusal),
    /// Absent, or not visible to this actor: nobody can tell which.
    #[error("{0:?} not found")]
    NotFound(Kind),
    /// Not visible to this actor, who belongs to the organization that owns it. A dialect that hides what
    /// exists words it as `NotFound`.
    #[error("{0:?} hidden")]
    Hidden(Kind),
    /// The request breaks rules, all of which are listed.
    #[error("invalid: {0:?}")]
    Invalid(Vec<Violation>),
    /// The state of the store does not allow it.
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    /// The request is larger than a stated limit.
    #[error("too large")]
    TooLarge,
    /// The filters or the order of a list take longer than the server allows.
    #[error("too slow")]
    TooSlow,
    /// The store is busy or gone: the same request may succeed later.
    #[error("unavailable")]
    Unavailable(#[source] Source),
    /// There is no room left to write.
    #[error("storage is full")]
    StorageFull(#[source] Source),
    /// A bug or broken data. The source is logged once and never shown.
    #[error("internal error")]
    Internal(#[source] Source),
}

/// The cause of an error that no caller can mend.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

impl Error {
    /// An internal error from any cause.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    /// One broken rule.
    pub fn invalid(field: impl Into<FieldPath>, rule: Rule) -> Self {
        Self::Invalid(vec![Violation::new(field, rule)])
    }

    /// The plain refusal.
    pub fn forbidden() -> Self {
        Self::Forbidden(Refusal::NotPermitted)
    }
}

/// Which refusal it was, where a dialect has a sentence of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No role of the actor allows it.
    NotPermitted,
    /// A managed credential is not changed.
    ManagedCredentialChange,
    /// A managed credential is not deleted.
    ManagedCredentialDelete,
    /// A managed credential type is not changed.
    ManagedTypeChange,
    /// A managed credential type is not deleted.
    ManagedTypeDelete,
    /// The inputs of a type that credentials use stay as they are.
    TypeInputsInUse,
    /// A type that credentials use is not deleted.
    TypeInUse,
    /// A team stays in its organization.
    TeamOrganization,
    /// Only a system administrator renames a user.
    Username,
    /// Only a system administrator makes or unmakes one.
    SuperuserFlag,
    /// Only a system administrator makes or unmakes a system auditor.
    AuditorFlag,
    /// Nobody deletes himself, nor the last system administrator.
    UserDelete,
    /// A token without the scope `write` only reads.
    ReadOnlyToken,
    /// The organization, or the space, is closed to writes.
    Suspended,
}

/// Why the present state does not allow a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The credential is in use and its organization protects used ones: the uses, counted by kind.
    CredentialInUse(Vec<UseCount>),
    /// The organization still has spaces or hosted registries.
    OrganizationInUse,
    /// The object is not in the state in which the change was wanted.
    Changed,
    /// The registry still has robots that open it.
    RegistryInUse {
        /// How many.
        robots: i64,
    },
    /// Fields of the credential are fetched from another system when it is used, so the store has no value to give.
    FetchedElsewhere {
        /// The fields.
        fields: Vec<String>,
    },
    /// One actor registered as many references to one credential as are allowed.
    TooManyReferences {
        /// The limit.
        limit: u32,
    },
}

/// How many consumers of one kind use a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseCount {
    /// The kind of consumer, in the words of whoever registered it.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// One broken rule and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The member that breaks it.
    pub field: FieldPath,
    /// The rule.
    pub rule: Rule,
}

impl Violation {
    /// The rule broken at the field.
    pub fn new(field: impl Into<FieldPath>, rule: Rule) -> Self {
        Self { field: field.into(), rule }
    }
}

/// Where a rule was broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldPath {
    /// The object as a whole.
    Whole,
    /// A member of the object.
    Member(&'static str),
    /// A member inside a member, such as `inputs.password`.
    Inner(&'static str, String),
}

impl FieldPath {
    /// The member of the object, without what is inside it.
    pub const fn member(&self) -> &'static str {
        match self {
            Self::Whole => "the whole",
            Self::Member(member) | Self::Inner(member, _) => member,
        }
    }
}

impl From<&'static str> for FieldPath {
    fn from(member: &'static str) -> Self {
        Self::Member(member)
    }
}

/// A rule that a value can break. Values in it are never those of a secret field.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// The member must be given.
    Required,
    /// The member may not be null.
    Null,
    /// The text may not be empty or blank.
    Blank,
    /// A text member got something else.
    NotText,
    /// A boolean member got something else.
    NotBoolean,
    /// An integer member got something else.
    NotInteger,
    /// The text is too long, in characters.
    TooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// The number is too small.
    TooSmall {
        /// The least value allowed.
        min: i64,
    },
    /// The text holds a NUL character.
    NulCharacter,
    /// The value is not one of the known words.
    NotAChoice {
        /// What was given.
        given: String,
    },
    /// No such object, or none that the actor may see.
    UnknownObject {
        /// The id as given.
        given: String,
    },
    /// An id of the wrong kind of value.
    NotAnId {
        /// The kind of value that was given.
        given: ValueKind,
    },
    /// Another object has the same value in these members.
    NotUnique {
        /// The kind of object.
        kind: Kind,
    },
    /// A user name holds a character that is not allowed.
    UsernameCharacters,
    /// Not an e-mail address.
    NotAnEmail,
    /// A new person needs a password.
    PasswordRequired,
    /// A service account has no password.
    ServiceAccountPassword,
    /// A token's scope holds an unknown or repeated word.
    TokenScope,
    /// A credential needs exactly one owner and none was given.
    OwnerMissing,
    /// A credential needs exactly one owner and these members were given.
    OwnerAmbiguous {
        /// The members, sorted.
        given: Vec<&'static str>,
    },
    /// A Galaxy credential belongs to an organization.
    GalaxyOwner,
    /// The credential's type cannot change while something uses the credential.
    CredentialTypeInUse,
    /// A custom type's kind must be one of two.
    CustomTypeKind {
        /// What was given.
        given: String,
    },
    /// A point of time that cannot be read or lies in the past.
    NotAFutureTime,
    /// Only a system administrator sets it.
    AdministratorOnly,
    /// The credential is placed in another dialect, which fixes this member.
    Placed,
    /// The organization that owns the credential does not let it stand outside of it.
    NotShared,
    /// A credential of this type has no place in that dialect.
    DoesNotFit,
    /// The holder of a key has no role in the organization that lets him into this dialect.
    NoRoleThere {
        /// The dialect that the key would open.
        dialect: Dialect,
    },
    /// A hidden value is not shown unless a new one is set.
    StaysHidden,
    /// An object that the request names does not exist for the actor, where the request hangs on it.
    NoSuchObject {
        /// The kind of object.
        kind: Kind,
    },
    /// The member names a related object by a value that is no id, where the request hangs on it.
    NotARelatedObject {
        /// The member.
        member: &'static str,
    },
    /// A copy needs a name of its own.
    CopyName {
        /// The name of the original.
        original: String,
    },
    /// The text holds no mapping in JSON or YAML.
    NotAMapping,
    /// An input source cannot join these credentials.
    InputSource(InputSourceRule),
    /// A credential cannot be attached there.
    Attach(AttachRule),
    /// A role that cannot be given to this holder.
    Role(RoleRefusal),
    /// Not one of the roles that can be given there by name.
    NotARole {
        /// What was given.
        given: String,
    },
    /// Not the location of a registry.
    Location(crate::registry::LocationFault),
    /// Not a reference to a container image.
    Image(crate::registry::ImageFault),
    /// Exactly one of these members must be given.
    ExactlyOne {
        /// The members.
        of: &'static [&'static str],
    },
    /// What a client of the platform's token endpoints cannot call itself.
    ClientId,
    /// A registry cannot be hosted as asked.
    Hosted(crate::hosted::HostedRule),
    /// A robot cannot be minted as asked.
    Robot(crate::robot::RobotRule),
    /// A rule of Cloud Foundry.
    Platform(crate::platform::PlatformRule),
    /// A rule of the settings of targets and domains.
    Scan(crate::scan::ScanRule),
    /// A rule of credential inputs or of a credential type's own schema.
    Input(crate::credential_type::InputRule),
}

/// Why an input source cannot join two credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputSourceRule {
    /// The target is itself of an external type.
    TargetIsExternal,
    /// The source is not of an external type.
    SourceIsNotExternal,
    /// The target's type has no such field.
    UnknownField {
        /// The fields that it has, sorted.
        fields: Vec<String>,
    },
}

/// Why a credential cannot be attached to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachRule {
    /// One of that type, or of that vault id, is attached already.
    Repeated {
        /// The name of the type.
        type_name: String,
        /// The vault id, of a vault credential that has one.
        vault_id: Option<String>,
    },
    /// No job takes a credential of that kind.
    Kind {
        /// The kind of its type.
        kind: String,
    },
    /// Only Galaxy credentials belong there.
    NotGalaxy {
        /// The name of its type.
        type_name: String,
    },
}

/// Why a role is not given to a holder, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleRefusal {
    /// A team cannot be a member or administrator of an organization.
    ParticipationToTeam,
    /// A team cannot hold a role on the whole system.
    SystemRoleToTeam,
    /// The user is outside the organization that owns the credential.
    UserOutsideOrganization,
    /// Roles on a private credential are given by system administrators only.
    PrivateCredential,
    /// The credential has no organization, or the team is of another.
    TeamOutsideOrganization,
}

/// The kinds of value that a document can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Null.
    Null,
    /// A boolean.
    Boolean,
    /// A number without a fraction.
    Integer,
    /// A number with a fraction.
    Float,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object.
    Object,
}

impl From<&serde_json::Value> for ValueKind {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(n) if n.is_f64() => Self::Float,
            Value::Number(_) => Self::Integer,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }
}

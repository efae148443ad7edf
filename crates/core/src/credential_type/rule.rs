//! The rules of inputs and of type schemas, as values that a dialect can word.
//!
//! No variant holds a value given for a secret field: such a value is [`Shown::Hidden`] or is not carried at all.

use serde_json::Value;

use crate::error::ValueKind;

/// A rule of credential inputs or of a credential type's own schema.
#[derive(Debug, Clone, PartialEq)]
pub enum InputRule {
    /// A value of another kind is expected at this place of the document; an empty path is the document itself.
    WrongKind {
        /// What was given.
        given: ValueKind,
        /// Where.
        path: Vec<PathPart>,
        /// What is expected there.
        expected: Expected,
    },
    /// Members that the schema of a type or of injectors does not know.
    UnknownMembers {
        /// The object that holds them.
        path: Vec<PathPart>,
        /// Their names, sorted.
        names: Vec<String>,
        /// The pattern that names keep there, where a pattern decides and not a list.
        pattern: Option<NamePattern>,
    },
    /// A member that the schema requires is absent.
    MissingMember {
        /// Its name.
        name: &'static str,
    },
    /// A field's id cannot be the name of a variable.
    NotAVariableName {
        /// The id.
        given: String,
    },
    /// The value is none of the allowed ones.
    NotOneOf {
        /// What was given.
        given: Shown,
        /// The allowed texts.
        choices: Vec<String>,
    },
    /// A list that needs an element has none.
    EmptyList,
    /// A list names something twice.
    RepeatedItems {
        /// The list.
        given: Value,
    },
    /// The field id `tower` belongs to the templates.
    ReservedFieldId,
    /// Two fields have the same id.
    RepeatedFieldId {
        /// The id.
        id: String,
    },
    /// The default of a field does not fit its type.
    DefaultKind {
        /// The default.
        given: Value,
        /// What the field's type asks for.
        expected: Expected,
    },
    /// A boolean field cannot have this member.
    NotForBoolean {
        /// The member.
        member: &'static str,
        /// The field's id.
        id: String,
    },
    /// Only managed types have `dependencies`.
    DependenciesManagedOnly,
    /// Only managed types have fields that are asked for at run time.
    AskManagedOnly,
    /// An environment value holds other characters than ASCII.
    NotAscii {
        /// The value.
        given: String,
    },
    /// An extra variable is neither a text nor a list nor an object of such.
    NotAnExtraVariable {
        /// The value.
        given: Value,
    },
    /// A single file and named files exclude each other.
    MixedFiles,
    /// Environment variables of this prefix steer the automation engine itself.
    EnvironmentPrefix {
        /// The variable.
        name: String,
    },
    /// The environment variable belongs to the job runner.
    EnvironmentReserved {
        /// The variable.
        name: String,
    },
    /// A template cannot be used.
    Template {
        /// The kind of injector it is in.
        section: Section,
        /// Its key there.
        key: String,
        /// What is wrong with it.
        fault: TemplateFault,
    },
    /// The mask stands where no value can be kept.
    MaskReserved {
        /// The secret field.
        field: String,
    },
    /// A secret is text.
    SecretNotText {
        /// What was given.
        given: ValueKind,
    },
    /// The type has no such fields.
    UnknownInputs {
        /// The ids, sorted.
        names: Vec<String>,
    },
    /// A value does not fit its field's type.
    NotOfType {
        /// What was given.
        given: Shown,
        /// What the field's type asks for.
        expected: Expected,
    },
    /// Not a URL.
    Url(UrlFault),
    /// A vault id cannot hold `@`.
    VaultIdCharacter,
    /// Not a private key.
    Key(KeyFault),
    /// The look-up needs this value.
    MetadataRequired {
        /// The name of the external type.
        type_name: String,
    },
    /// The field can be given only together with another.
    NeedsField {
        /// The label of the other field.
        label: String,
    },
    /// An encrypted key needs its passphrase.
    PassphraseMissing,
    /// A key that is not encrypted has no passphrase.
    PassphraseUnwanted,
    /// The vault id of a vault credential stays as it was created.
    VaultIdFixed,
    /// A kept secret must be given anew because its destination changed.
    EnterAgain {
        /// The destination field that changed.
        changed: String,
    },
}

/// A value in a broken rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// The value itself.
    Value(Value),
    /// The value of a secret field, which no error shows.
    Hidden,
}

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPart {
    /// A member of an object.
    Member(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// The kind of value that a schema expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An object.
    Object,
    /// A list.
    List,
    /// A text.
    Text,
    /// A boolean.
    Boolean,
}

/// The patterns that names in injectors keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamePattern {
    /// `template`, or `template.` and a variable name.
    File,
    /// A variable name.
    Environment,
    /// A variable name that may hold braces, since it is a template itself.
    ExtraVariable,
}

/// The kinds of injector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Files.
    File,
    /// Environment variables.
    Env,
    /// Variables of the playbook.
    ExtraVars,
}

impl Section {
    /// Every kind, in the order of rendering.
    pub const ALL: [Self; 3] = [Self::File, Self::Env, Self::ExtraVars];

    /// The member of the injectors document.
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Env => "env",
            Self::ExtraVars => "extra_vars",
        }
    }
}

/// Why a template cannot be used. The texts are of the template engine and hold no value of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateFault {
    /// A name that is no field.
    UndefinedName(String),
    /// A member that its object does not have.
    UndefinedMember {
        /// The object.
        object: TemplateObject,
        /// The member.
        member: String,
    },
    /// `tower.filename` without an unnamed file.
    NoUnnamedFile,
    /// `tower` itself is no value.
    BareTower,
    /// It cannot be read or run.
    Syntax(String),
    /// It reaches for a member that templates must not touch.
    Unsafe {
        /// The member.
        member: String,
    },
    /// It takes too much work or memory.
    TooCostly,
}

/// The objects of a template that have members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateObject {
    /// The value of a field, or one made of it.
    Value,
    /// `tower`.
    Tower,
    /// `tower.filename` with named files.
    Files,
}

/// Why a text is not a URL.
#[derive(Debug, Clone, PartialEq)]
pub enum UrlFault {
    /// No scheme.
    NoScheme,
    /// A scheme but no host.
    NoHost(Shown),
    /// Brackets that hold no IPv6 address.
    Brackets,
    /// The host holds characters that normalise to delimiters; the host with user and port as given.
    Lookalike(Shown),
}

/// Why a text is not a private key. Nothing of the text is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// It is not a row of PEM blocks.
    Frame,
    /// A private key of a kind that is not supported.
    KeyKind,
    /// A block that is neither private key nor certificate.
    BlockKind,
    /// The body of a block is not base64.
    Base64,
    /// Certificates alone.
    NoPrivateKey,
}

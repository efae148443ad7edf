//! The rules of Cloud Foundry's own values: metadata, label selectors, and what a request can break there.

pub mod metadata;
pub mod selector;

use crate::access::Role;
use crate::id::Kind;

pub use metadata::{MetadataFault, MetadataPatch};
pub use selector::{LabelSelector, SelectorFault};

/// A rule of the platform that a request breaks.
#[derive(Debug, Clone, PartialEq)]
pub enum PlatformRule {
    /// Members that the request does not take, in the order they were given.
    UnknownMembers {
        /// Their names.
        given: Vec<String>,
    },
    /// The member must be an object.
    NotAnObject,
    /// The member must be a list of texts.
    NotTexts,
    /// The relationship does not have the one shape that relationships have.
    RelationshipShape,
    /// The relationships name nothing.
    RelationshipsEmpty,
    /// More than one of the owners was named.
    OneOwner,
    /// The object that a relationship names does not exist, or not for the caller.
    OutOfReach {
        /// The kind of object.
        kind: Kind,
    },
    /// Nobody has this user name at this origin.
    NoSuchUser {
        /// The user name.
        username: String,
        /// Where the user is kept.
        origin: String,
    },
    /// Another object of the same owner has the name or location.
    Taken {
        /// The kind of object.
        kind: Kind,
        /// The name or location.
        name: String,
    },
    /// Another object of the same owner has the name to which this one should be changed.
    TakenAtChange {
        /// The kind of object.
        kind: Kind,
        /// The name.
        name: String,
        /// The name of the owner.
        within: String,
    },
    /// The user holds that role there already.
    RoleHeld {
        /// The user's name.
        username: String,
        /// The role.
        role: Role,
        /// The name of the organization or space.
        on: String,
    },
    /// A role in a space takes one in its organization.
    NoRoleInOrganization,
    /// The role in the organization stays while there are roles in its spaces.
    RolesInSpaces,
    /// The member must be one of these words.
    OnlyOneOf {
        /// The words.
        words: &'static [&'static str],
    },
    /// The app has no package to be started with.
    NothingToStart,
    /// Metadata that cannot be read.
    Metadata(MetadataFault),
    /// More labels than one object takes.
    TooManyLabels {
        /// How many the request adds.
        added: usize,
        /// The most.
        max: usize,
    },
    /// More annotations than one object takes.
    TooManyAnnotations {
        /// How many the request adds.
        added: usize,
        /// The most.
        max: usize,
    },
}

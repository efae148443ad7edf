-- The whole model of the credential store. Times are microseconds since 1970 in UTC, documents are JSON text,
-- ids are never reused. The file of the same name for PostgreSQL holds the same tables and indexes.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What the root key must open before anything is written, and what the store calls itself.
CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    guid BLOB NOT NULL,
    canary BLOB NOT NULL,
    issuer TEXT NOT NULL,
    created BIGINT NOT NULL
);

-- Raised by every change that can take a right away; processes compare it before they trust a cache.
CREATE TABLE revocation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL
);
INSERT INTO revocation (id, epoch) VALUES (1, 1);

CREATE TABLE organizations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    max_hosts BIGINT NOT NULL,
    protect_used BOOLEAN NOT NULL,
    use_includes_checkout BOOLEAN NOT NULL,
    share_across_organizations BOOLEAN NOT NULL,
    suspended BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    username TEXT NOT NULL,
    folded_name TEXT NOT NULL UNIQUE,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT NOT NULL,
    is_superuser BOOLEAN NOT NULL,
    is_system_auditor BOOLEAN NOT NULL,
    -- A service account belongs to one organization and has no password.
    service_organization_id BIGINT REFERENCES organizations (id),
    password_hash TEXT,
    enabled BOOLEAN NOT NULL,
    last_login BIGINT,
    created BIGINT NOT NULL,
    modified BIGINT,
    created_by BIGINT
);

-- Who or what an id once was, so that history keeps names.
CREATE TABLE tombstones (
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    guid BLOB NOT NULL,
    short_id TEXT NOT NULL,
    name TEXT NOT NULL,
    details TEXT NOT NULL,
    deleted BIGINT NOT NULL,
    deleted_by BIGINT,
    PRIMARY KEY (kind, id)
);

CREATE TABLE teams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    description TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT,
    UNIQUE (organization_id, folded_name)
);

CREATE TABLE spaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    suspended BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    UNIQUE (organization_id, folded_name)
);

CREATE TABLE apps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    space_id BIGINT NOT NULL REFERENCES spaces (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    -- What the dialect keeps and gives back: state, lifecycle.
    details TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    UNIQUE (space_id, folded_name)
);

CREATE TABLE credential_types (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT,
    managed BOOLEAN NOT NULL,
    inputs TEXT NOT NULL,
    injectors TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT,
    UNIQUE (name, kind)
);

CREATE TABLE registries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    provider TEXT NOT NULL,
    hosted BOOLEAN NOT NULL,
    service TEXT,
    credentials_limit BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT,
    removed BIGINT,
    removed_by BIGINT
);
CREATE UNIQUE INDEX registries_name ON registries (organization_id, folded_name) WHERE removed IS NULL;
CREATE UNIQUE INDEX registries_service ON registries (service) WHERE removed IS NULL AND service IS NOT NULL;
CREATE INDEX registries_by_organization ON registries (organization_id, name, id);

-- `inputs` holds the values that are not secret; `secrets` maps each secret field to the version that set it.
CREATE TABLE credentials (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- False while a credential born elsewhere only has a generated name, which need not be unique.
    named BOOLEAN NOT NULL,
    description TEXT NOT NULL,
    organization_id BIGINT REFERENCES organizations (id),
    credential_type_id BIGINT NOT NULL REFERENCES credential_types (id),
    managed BOOLEAN NOT NULL,
    born_in TEXT NOT NULL,
    inputs TEXT NOT NULL,
    secrets TEXT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT
);
CREATE UNIQUE INDEX credentials_name ON credentials (organization_id, name, credential_type_id)
    WHERE named AND organization_id IS NOT NULL;
CREATE INDEX credentials_by_name ON credentials (name, id);
CREATE INDEX credentials_by_type ON credentials (credential_type_id, name, id);
CREATE INDEX credentials_by_organization ON credentials (organization_id, name, id);

CREATE TABLE credential_versions (
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    number BIGINT NOT NULL,
    credential_type_id BIGINT NOT NULL,
    inputs TEXT NOT NULL,
    secrets TEXT NOT NULL,
    created BIGINT NOT NULL,
    created_by BIGINT,
    PRIMARY KEY (credential_id, number)
);

-- One sealed value; versions that keep a value share its row.
CREATE TABLE sealed_inputs (
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    field TEXT NOT NULL,
    version BIGINT NOT NULL,
    sealed BLOB NOT NULL,
    -- Who typed it; null when it was copied, restored or made by the server.
    typed_by BIGINT,
    PRIMARY KEY (credential_id, field, version)
);

-- Where a credential appears in a dialect. One born there shares the credential's guid and short id.
CREATE TABLE placements (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    dialect TEXT NOT NULL,
    scope TEXT NOT NULL,
    organization_id BIGINT REFERENCES organizations (id),
    team_id BIGINT REFERENCES teams (id),
    space_id BIGINT REFERENCES spaces (id),
    app_id BIGINT REFERENCES apps (id),
    registry_id BIGINT REFERENCES registries (id),
    -- Scope and owner as one text, such as `space:7`, for the rule of uniqueness.
    owner TEXT NOT NULL,
    born_here BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    location TEXT,
    -- The location in lower case, by which it is unique for its owner.
    folded_location TEXT,
    is_sensitive BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT,
    expires BIGINT,
    removed BIGINT,
    removed_by BIGINT
);
CREATE INDEX placements_by_credential ON placements (credential_id);
CREATE INDEX placements_by_organization ON placements (dialect, organization_id);
CREATE INDEX placements_by_space ON placements (space_id);
CREATE INDEX placements_by_app ON placements (app_id);
CREATE INDEX placements_by_team ON placements (team_id);
CREATE INDEX placements_by_registry ON placements (registry_id, created, id);
CREATE UNIQUE INDEX placements_by_location ON placements (owner, folded_location)
    WHERE dialect = 'cloud_foundry';
CREATE UNIQUE INDEX placements_robot_name ON placements (name) WHERE dialect = 'app_catalog';

-- What a minted registry credential may do, and the hash by which it logs in; the hash is wiped at removal.
CREATE TABLE robots (
    credential_id BIGINT PRIMARY KEY REFERENCES credentials (id),
    hash BLOB UNIQUE,
    access TEXT NOT NULL,
    last_used BIGINT
);

-- Keys that sign tokens of other products, their private parts sealed.
CREATE TABLE signing_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    public_key BLOB NOT NULL,
    sealed_key BLOB NOT NULL,
    created BIGINT NOT NULL,
    retired BIGINT
);

-- Work that a dialect answers for with a job; it was done before the answer.
CREATE TABLE jobs (
    guid BLOB PRIMARY KEY,
    operation TEXT NOT NULL,
    user_id BIGINT,
    created BIGINT NOT NULL
);

-- Where a credential is used.
CREATE TABLE credential_references (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    consumer TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (credential_id, consumer, kind, name, key)
);

CREATE TABLE roles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    resource_kind TEXT NOT NULL,
    resource_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- When its object was deleted; the row stays, because history names it.
    removed BIGINT,
    UNIQUE (resource_kind, resource_id, name)
);

-- A role given to a user or to the holders of another role, for a time. Taking it away ends it; the row stays.
CREATE TABLE grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    role_id BIGINT NOT NULL REFERENCES roles (id),
    -- The object of the role once more, so that a group with very many grants is still found by key.
    resource_kind TEXT NOT NULL,
    resource_id BIGINT NOT NULL,
    user_id BIGINT,
    group_role_id BIGINT REFERENCES roles (id),
    dialect TEXT NOT NULL,
    by_position BOOLEAN NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    granted_by BIGINT,
    -- When and by whom it was taken away. Whether it counts hangs on its being there, never on a clock, because
    -- the clocks of several processes differ.
    ended BIGINT,
    ended_by BIGINT,
    CHECK ((user_id IS NULL) <> (group_role_id IS NULL))
);
CREATE INDEX grants_by_resource ON grants (resource_kind, resource_id, valid_until);
CREATE INDEX grants_by_role ON grants (role_id, valid_until);
CREATE INDEX grants_by_user ON grants (user_id, resource_kind, resource_id);
CREATE INDEX grants_by_group ON grants (group_role_id, resource_kind, resource_id);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    organization_id BIGINT REFERENCES organizations (id),
    -- The token that made this one; it ends with it.
    parent_id BIGINT REFERENCES tokens (id),
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    dialects TEXT NOT NULL,
    expires BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    last_used BIGINT
);
CREATE INDEX tokens_by_user ON tokens (user_id, id);
CREATE INDEX tokens_by_parent ON tokens (parent_id);
CREATE INDEX tokens_by_end ON tokens (kind, expires);

CREATE TABLE audit_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    dialect TEXT NOT NULL,
    request_id TEXT NOT NULL,
    source TEXT NOT NULL,
    actor_id BIGINT,
    actor_name TEXT NOT NULL,
    token_id BIGINT,
    -- Every object the entry touches, the main one first: kind, id and name at that time.
    objects TEXT NOT NULL,
    organization_id BIGINT,
    reason TEXT NOT NULL,
    changes TEXT NOT NULL,
    -- How many alike events a folded entry stands for.
    times BIGINT NOT NULL
);
CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, id);

-- The objects of the entries, to find the entries of an object.
CREATE TABLE audit_objects (
    entry_id BIGINT NOT NULL REFERENCES audit_entries (id),
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    PRIMARY KEY (entry_id, position)
);
CREATE INDEX audit_objects_by_object ON audit_objects (kind, id, entry_id);

-- The chain: each link is the hash of its entry and of the link before.
CREATE TABLE audit_links (
    position INTEGER PRIMARY KEY,
    entry_id BIGINT NOT NULL UNIQUE REFERENCES audit_entries (id),
    hash BLOB NOT NULL
);

-- The entries that have no link yet.
CREATE TABLE audit_queue (
    entry_id BIGINT PRIMARY KEY
);

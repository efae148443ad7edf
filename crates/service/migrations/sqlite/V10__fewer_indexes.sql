-- What a position gives makes most of the grants, and is found by role and by group only. So the other indexes leave
-- it out, the table's own one of guids among them; and a table whose key is its row needs no second one beside it.
CREATE TABLE lean_grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL,
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
INSERT INTO lean_grants (id, guid, role_id, resource_kind, resource_id, user_id, group_role_id, dialect, by_position,
        valid_from, valid_until, granted_by, ended, ended_by)
    SELECT id, guid, role_id, resource_kind, resource_id, user_id, group_role_id, dialect, by_position, valid_from,
        valid_until, granted_by, ended, ended_by
    FROM grants ORDER BY id;
DROP TABLE grants;
ALTER TABLE lean_grants RENAME TO grants;
CREATE UNIQUE INDEX grants_guid ON grants (guid) WHERE NOT by_position;
CREATE INDEX grants_by_role ON grants (role_id, valid_until);
CREATE INDEX grants_by_group ON grants (group_role_id, resource_kind, resource_id) WHERE group_role_id IS NOT NULL;
CREATE INDEX grants_by_user ON grants (user_id, resource_kind, resource_id) WHERE user_id IS NOT NULL;
CREATE INDEX grants_by_resource ON grants (resource_kind, resource_id, valid_until) WHERE user_id IS NOT NULL;

CREATE TABLE lean_versions (
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    number BIGINT NOT NULL,
    credential_type_id BIGINT NOT NULL,
    inputs TEXT NOT NULL,
    secrets TEXT NOT NULL,
    created BIGINT NOT NULL,
    created_by BIGINT,
    PRIMARY KEY (credential_id, number)
) WITHOUT ROWID;
INSERT INTO lean_versions (credential_id, number, credential_type_id, inputs, secrets, created, created_by)
    SELECT credential_id, number, credential_type_id, inputs, secrets, created, created_by
    FROM credential_versions ORDER BY credential_id, number;
DROP TABLE credential_versions;
ALTER TABLE lean_versions RENAME TO credential_versions;

-- One sealed value; versions that keep a value share its row.
CREATE TABLE lean_inputs (
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    field TEXT NOT NULL,
    version BIGINT NOT NULL,
    sealed BLOB NOT NULL,
    -- Who typed it; null when it was copied, restored or made by the server.
    typed_by BIGINT,
    -- A keyed digest of the value, by which equal ones in one field of one credential are told.
    fingerprint TEXT,
    PRIMARY KEY (credential_id, field, version)
) WITHOUT ROWID;
INSERT INTO lean_inputs (credential_id, field, version, sealed, typed_by, fingerprint)
    SELECT credential_id, field, version, sealed, typed_by, fingerprint
    FROM sealed_inputs ORDER BY credential_id, field, version;
DROP TABLE sealed_inputs;
ALTER TABLE lean_inputs RENAME TO sealed_inputs;

-- The objects of the entries, to find the entries of an object.
CREATE TABLE lean_objects (
    entry_id BIGINT NOT NULL REFERENCES audit_entries (id),
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    PRIMARY KEY (entry_id, position)
) WITHOUT ROWID;
INSERT INTO lean_objects (entry_id, position, kind, id)
    SELECT entry_id, position, kind, id FROM audit_objects ORDER BY entry_id, position;
DROP TABLE audit_objects;
ALTER TABLE lean_objects RENAME TO audit_objects;
CREATE INDEX audit_objects_by_object ON audit_objects (kind, id, entry_id);

-- The one writer links what it commits, so nothing waits: what has no link yet comes after the last that has one.
DROP TABLE audit_queue;

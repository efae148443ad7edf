-- By which placement a thing of the store names the credential (0: by none). `name` is then the thing's short id, because
-- its name is its own.
CREATE TABLE consumer_references (
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
    object_kind TEXT,
    object_id BIGINT,
    placement_id BIGINT NOT NULL,
    UNIQUE (credential_id, consumer, kind, name, key, placement_id)
);
INSERT INTO consumer_references (id, guid, short_id, credential_id, consumer, kind, name, key, made_by, created,
        object_kind, object_id, placement_id)
    SELECT id, guid, short_id, credential_id, consumer, kind, name, key, made_by, created, object_kind, object_id, 0
    FROM credential_references;
DROP TABLE credential_references;
ALTER TABLE consumer_references RENAME TO credential_references;
CREATE INDEX credential_references_by_object ON credential_references (object_kind, object_id)
    WHERE object_kind IS NOT NULL;
CREATE INDEX credential_references_by_placement ON credential_references (placement_id);

-- What scanners of an account are told to look at: targets, their sequences and extra hosts, domains. `settings`
-- holds a mark in place of each sealed text.
CREATE TABLE scan_objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    -- The target of a sequence or extra host.
    target_id BIGINT REFERENCES scan_objects (id),
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    -- A target of teams stays one when its last team goes.
    of_teams BOOLEAN NOT NULL,
    settings TEXT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT
);
CREATE INDEX scan_objects_by_organization ON scan_objects (organization_id, kind, name, id);
CREATE INDEX scan_objects_by_target ON scan_objects (target_id, kind, id);

-- The sealed texts of the settings, each for one field.
CREATE TABLE scan_secrets (
    object_id BIGINT NOT NULL REFERENCES scan_objects (id),
    field TEXT NOT NULL,
    version BIGINT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (object_id, field)
);

CREATE TABLE scan_teams (
    object_id BIGINT NOT NULL REFERENCES scan_objects (id),
    team_id BIGINT NOT NULL REFERENCES teams (id),
    PRIMARY KEY (object_id, team_id)
);
CREATE INDEX scan_teams_by_team ON scan_teams (team_id);

CREATE TABLE scan_labels (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT,
    UNIQUE (organization_id, name)
);

CREATE TABLE scan_labelled (
    object_id BIGINT NOT NULL REFERENCES scan_objects (id),
    label_id BIGINT NOT NULL REFERENCES scan_labels (id),
    PRIMARY KEY (object_id, label_id)
);
CREATE INDEX scan_labelled_by_label ON scan_labelled (label_id);

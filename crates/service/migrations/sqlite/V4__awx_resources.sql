-- Where credentials are used inside this store, and what AWX keeps beside them.

-- The object of this store that uses the credential; none when a consumer outside registered the use.
ALTER TABLE credential_references ADD COLUMN object_kind TEXT;
ALTER TABLE credential_references ADD COLUMN object_id BIGINT;
CREATE INDEX credential_references_by_object ON credential_references (object_kind, object_id)
    WHERE object_kind IS NOT NULL;

-- A field of the target is to be fetched with the source, a credential of an external type.
CREATE TABLE credential_input_sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    target_credential_id BIGINT NOT NULL REFERENCES credentials (id),
    source_credential_id BIGINT NOT NULL REFERENCES credentials (id),
    input_field_name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT,
    UNIQUE (target_credential_id, input_field_name)
);
CREATE INDEX credential_input_sources_by_source ON credential_input_sources (source_credential_id);

-- What is run elsewhere with credentials from here; `details` holds what its dialect keeps and gives back.
CREATE TABLE job_templates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    organization_id BIGINT REFERENCES organizations (id),
    details TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT
);
-- Those without organization share one room of names.
CREATE UNIQUE INDEX job_templates_name ON job_templates (COALESCE(organization_id, 0), name);
CREATE INDEX job_templates_by_name ON job_templates (name, id);

CREATE TABLE job_template_credentials (
    job_template_id BIGINT NOT NULL REFERENCES job_templates (id),
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    PRIMARY KEY (job_template_id, credential_id)
);
CREATE INDEX job_template_credentials_by_credential ON job_template_credentials (credential_id);

-- The Galaxy servers of an organization, in the order in which they are asked.
CREATE TABLE organization_galaxy_credentials (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    credential_id BIGINT NOT NULL REFERENCES credentials (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (organization_id, credential_id)
);
CREATE INDEX organization_galaxy_credentials_by_credential ON organization_galaxy_credentials (credential_id);

-- Raised by every change of the row, so that a change can be asked for in one state only.
ALTER TABLE credentials ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
-- A keyed digest of the value, by which equal ones in one field of one credential are told.
ALTER TABLE sealed_inputs ADD COLUMN fingerprint TEXT;

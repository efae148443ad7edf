-- OAuth applications of the AWX dialect: programs that get tokens for the people who use them.

CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    client_id TEXT NOT NULL UNIQUE,
    -- Sealed; a public client has none.
    sealed_secret BLOB,
    client_type TEXT NOT NULL,
    grant_type TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    skip_authorization BOOLEAN NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT,
    modified_by BIGINT,
    UNIQUE (organization_id, name)
);

-- The application that was given the token; a personal one has none.
ALTER TABLE tokens ADD COLUMN application_id BIGINT REFERENCES applications (id);
CREATE INDEX tokens_by_application ON tokens (application_id, id);

-- What buys the next token once this one is not wanted any more; it goes with its token.
CREATE TABLE token_refreshes (
    token_id BIGINT PRIMARY KEY REFERENCES tokens (id),
    hash BLOB NOT NULL UNIQUE,
    expires BIGINT NOT NULL
);

-- What an application exchanges for a token once its user has agreed; used once.
CREATE TABLE authorization_codes (
    hash BLOB PRIMARY KEY,
    application_id BIGINT NOT NULL REFERENCES applications (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- What the client proves itself with once more (RFC 7636); null when it sent none.
    challenge TEXT,
    expires BIGINT NOT NULL
);
CREATE INDEX authorization_codes_by_application ON authorization_codes (application_id);
CREATE INDEX authorization_codes_by_user ON authorization_codes (user_id);

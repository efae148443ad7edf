-- The rest of the platform: packages of apps, clients of its token endpoints, refresh tokens that are used once.

-- An image that an app is to run.
CREATE TABLE packages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    app_id BIGINT NOT NULL REFERENCES apps (id),
    image TEXT NOT NULL,
    username TEXT,
    metadata TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT
);
CREATE INDEX packages_by_app ON packages (app_id, id);

-- The password that came with a package, until the app's first start with it makes it the app's own registry credential.
CREATE TABLE package_passwords (
    package_id BIGINT PRIMARY KEY REFERENCES packages (id),
    sealed BLOB NOT NULL
);

-- What a service account of the platform logs in with. The client's id is the account's user name.
CREATE TABLE uaa_clients (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guid BLOB NOT NULL UNIQUE,
    short_id TEXT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL UNIQUE REFERENCES users (id),
    hash BLOB NOT NULL UNIQUE,
    -- The words that its tokens carry at the most, separated by spaces.
    scope TEXT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    created_by BIGINT
);

-- Every refresh token of a login, those that were used up included: one that comes back was stolen.
CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY,
    token_id BIGINT NOT NULL REFERENCES tokens (id),
    created BIGINT NOT NULL,
    spent BIGINT
);
CREATE INDEX refresh_tokens_by_token ON refresh_tokens (token_id);
INSERT INTO refresh_tokens (hash, token_id, created)
    SELECT hash, id, created FROM tokens WHERE kind = 'uaa_refresh';

-- Whether an app was started: STARTED or STOPPED.
ALTER TABLE apps ADD COLUMN state TEXT NOT NULL DEFAULT 'STOPPED';

-- The uses of credentials that went with the work: a list of kinds and counts.
ALTER TABLE jobs ADD COLUMN uses TEXT NOT NULL DEFAULT '[]';

-- Root keys that were active once. Values may still be under one that is not retired, so a start needs it.
-- The active one is the key of the canary.
CREATE TABLE root_keys (
    key_id BYTEA PRIMARY KEY,
    replaced BIGINT NOT NULL,
    retired BIGINT
);

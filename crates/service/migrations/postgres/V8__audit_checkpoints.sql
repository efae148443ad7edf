-- Signed statements of how long the audit log was and what its hash was then, and the edge of the tree, from which
-- the next one goes on.
CREATE TABLE audit_checkpoints (
    size BIGINT PRIMARY KEY,
    note TEXT NOT NULL,
    edge BYTEA NOT NULL,
    created BIGINT NOT NULL
);

-- Private registries, the rotation of robots, and the certificates of the keys that sign registry tokens.

-- The credential that a private registry refers to, and whether the registry made it. No foreign key: the credential
-- may go, and the registry then says that it did.
ALTER TABLE registries ADD COLUMN credential_id BIGINT;
ALTER TABLE registries ADD COLUMN made_credential BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE registries ADD COLUMN containers_organization TEXT COLLATE "C";
ALTER TABLE registries ADD COLUMN charts_organization TEXT COLLATE "C";

-- The credential of the robot that takes this one's place, since when, and when its end was announced.
ALTER TABLE robots ADD COLUMN successor_id BIGINT;
ALTER TABLE robots ADD COLUMN rotated BIGINT;
ALTER TABLE robots ADD COLUMN warned BIGINT;
CREATE INDEX robots_by_successor ON robots (successor_id) WHERE successor_id IS NOT NULL;
CREATE INDEX placements_by_end ON placements (expires) WHERE dialect = 'app_catalog' AND removed IS NULL;

ALTER TABLE signing_keys ADD COLUMN certificate BYTEA;
ALTER TABLE signing_keys ADD COLUMN expires BIGINT;

-- What a position gives makes most of the grants, and is found by role and by group only. So the other indexes leave
-- it out, that of guids among them.
ALTER TABLE grants DROP CONSTRAINT grants_guid_key;
CREATE UNIQUE INDEX grants_guid ON grants (guid) WHERE NOT by_position;
DROP INDEX grants_by_group;
CREATE INDEX grants_by_group ON grants (group_role_id, resource_kind, resource_id) WHERE group_role_id IS NOT NULL;
DROP INDEX grants_by_user;
CREATE INDEX grants_by_user ON grants (user_id, resource_kind, resource_id) WHERE user_id IS NOT NULL;
DROP INDEX grants_by_resource;
CREATE INDEX grants_by_resource ON grants (resource_kind, resource_id, valid_until) WHERE user_id IS NOT NULL;

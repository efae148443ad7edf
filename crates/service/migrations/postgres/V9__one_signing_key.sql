-- At most one key of a purpose signs. Two processes that start together could each have made one; the newest stays,
-- and what another one signed is still verified.
UPDATE signing_keys SET retired = created
    WHERE retired IS NULL AND id NOT IN (SELECT MAX(id) FROM signing_keys WHERE retired IS NULL GROUP BY purpose);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (purpose) WHERE retired IS NULL;

-- The life of root keys, the versions of secrets by the key that sealed them, and the deployments that use secrets.

ALTER TABLE root_keys ADD COLUMN state TEXT NOT NULL DEFAULT 'superseded'
    CHECK (state IN ('staged', 'promoted', 'superseded', 'retired'));
ALTER TABLE root_keys ADD COLUMN kept BLOB NOT NULL DEFAULT x'';
UPDATE root_keys SET state = 'promoted' WHERE id = (SELECT id FROM root_keys ORDER BY created_at DESC, id DESC LIMIT 1);

-- The e-mail as the inviter gave it, until the person accepts.
ALTER TABLE members ADD COLUMN invited_email TEXT CHECK (invited_email IS NULL OR state = 'invited');

-- An envelope names the key that sealed it in its bytes 7 to 22.
CREATE INDEX place_keys_root ON place_keys (substr(wrapped, 7, 16), vendor_id);
CREATE INDEX secret_versions_key ON secret_versions (vendor_id, place_id, substr(sealed, 7, 16));

CREATE TABLE deployments (
    vendor_id  BLOB    NOT NULL REFERENCES vendors (id),
    place_id   BLOB    NOT NULL CHECK (length(place_id) = 16),
    id         TEXT    NOT NULL CHECK (id <> ''),
    name       TEXT    NOT NULL CHECK (name <> ''),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (vendor_id, place_id, id)
) STRICT, WITHOUT ROWID;

-- By secret, so that its users are found without looking at the others.
CREATE TABLE deployment_secrets (
    vendor_id     BLOB    NOT NULL,
    place_id      BLOB    NOT NULL,
    key           TEXT    NOT NULL CHECK (key <> ''),
    deployment_id TEXT    NOT NULL,
    running       INTEGER CHECK (running >= 0),
    PRIMARY KEY (vendor_id, place_id, key, deployment_id),
    FOREIGN KEY (vendor_id, place_id, deployment_id) REFERENCES deployments (vendor_id, place_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deployment_secrets_deployment ON deployment_secrets (vendor_id, place_id, deployment_id);

-- Composite keys begin with the vendor. A place is a customer's id, or the vendor's own. Times are microseconds since
-- 1970-01-01T00:00:00Z. A `counter` moves with every change that a decision may depend on; see the storage contract.

CREATE TABLE store (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;

CREATE TABLE vendors (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    key        TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    counter    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE customers (
    vendor_id          BLOB    NOT NULL REFERENCES vendors (id),
    id                 BLOB    NOT NULL CHECK (length(id) = 16),
    name               TEXT    NOT NULL CHECK (name <> ''),
    name_folded        TEXT    NOT NULL,
    external_id        TEXT    CHECK (external_id <> ''),
    external_id_folded TEXT    CHECK ((external_id_folded IS NULL) = (external_id IS NULL)),
    status             TEXT    NOT NULL CHECK (status IN ('active', 'archived')),
    features           TEXT    NOT NULL,
    claimed            INTEGER NOT NULL CHECK (claimed IN (0, 1)),
    members            INTEGER NOT NULL CHECK (members >= 0),
    secrets            INTEGER NOT NULL CHECK (secrets >= 0),
    revision           INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    counter            INTEGER NOT NULL,
    PRIMARY KEY (vendor_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX customers_external_id ON customers (vendor_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX customers_name ON customers (vendor_id, name_folded, id);

CREATE TABLE users (
    vendor_id    BLOB    NOT NULL REFERENCES vendors (id),
    id           BLOB    NOT NULL CHECK (length(id) = 16),
    email        TEXT    NOT NULL,
    email_key    TEXT    NOT NULL,
    email_folded TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    counter      INTEGER NOT NULL,
    PRIMARY KEY (vendor_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email_key ON users (vendor_id, email_key);

CREATE TABLE members (
    vendor_id  BLOB    NOT NULL,
    place_id   BLOB    NOT NULL CHECK (length(place_id) = 16),
    user_id    BLOB    NOT NULL,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    name       TEXT    NOT NULL CHECK (name <> ''),
    role       TEXT    NOT NULL CHECK (role IN ('administrator', 'user', 'viewer')),
    state      TEXT    NOT NULL CHECK (state IN ('invited', 'active', 'suspended')),
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    counter    INTEGER NOT NULL,
    PRIMARY KEY (vendor_id, place_id, user_id),
    FOREIGN KEY (vendor_id, user_id) REFERENCES users (vendor_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX members_id ON members (vendor_id, place_id, id);
CREATE INDEX members_user ON members (vendor_id, user_id, place_id);
CREATE INDEX members_active_administrators ON members (vendor_id, place_id)
    WHERE role = 'administrator' AND state = 'active';

CREATE TABLE invitations (
    vendor_id  BLOB    NOT NULL,
    place_id   BLOB    NOT NULL CHECK (length(place_id) = 16),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    member_id  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    asked      TEXT    NOT NULL CHECK (asked IN ('administrator', 'user', 'viewer')),
    role       TEXT    NOT NULL CHECK (role IN ('administrator', 'user', 'viewer')),
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'revoked', 'replaced')),
    token_hash BLOB    NOT NULL CHECK (length(token_hash) = 32),
    invited_by TEXT    NOT NULL,
    sent_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (vendor_id, place_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_token_hash ON invitations (token_hash);
CREATE INDEX invitations_member ON invitations (vendor_id, place_id, member_id, id);
CREATE INDEX invitations_pending_administrators ON invitations (vendor_id, place_id)
    WHERE role = 'administrator' AND state = 'pending';

-- How often one e-mail was lately invited into one place; `repeats` are times in 8 big-endian bytes each.
CREATE TABLE invitation_sends (
    vendor_id BLOB    NOT NULL,
    place_id  BLOB    NOT NULL,
    recipient BLOB    NOT NULL CHECK (length(recipient) = 32),
    latest    INTEGER NOT NULL,
    repeats   BLOB    NOT NULL CHECK (length(repeats) % 8 = 0),
    PRIMARY KEY (vendor_id, place_id, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_sends_latest ON invitation_sends (vendor_id, latest);

CREATE TABLE secrets (
    vendor_id  BLOB    NOT NULL REFERENCES vendors (id),
    place_id   BLOB    NOT NULL CHECK (length(place_id) = 16),
    key        TEXT    NOT NULL CHECK (key <> ''),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    version    INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT    NOT NULL,
    PRIMARY KEY (vendor_id, place_id, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX secrets_id ON secrets (vendor_id, place_id, id);

-- A rowid table, because the ciphertext may be large.
CREATE TABLE secret_versions (
    vendor_id  BLOB    NOT NULL,
    place_id   BLOB    NOT NULL,
    secret_id  BLOB    NOT NULL,
    version    INTEGER NOT NULL CHECK (version > 0),
    sealed     BLOB,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    UNIQUE (vendor_id, place_id, secret_id, version)
) STRICT;

CREATE TABLE place_keys (
    vendor_id   BLOB    NOT NULL,
    place_id    BLOB    NOT NULL CHECK (length(place_id) = 16),
    generation  INTEGER NOT NULL CHECK (generation > 0),
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    wrapped     BLOB    NOT NULL,
    check_value BLOB    NOT NULL CHECK (length(check_value) = 32),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (vendor_id, place_id, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE root_keys (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    check_value BLOB    NOT NULL CHECK (length(check_value) = 32),
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_entries (
    vendor_id     BLOB    NOT NULL,
    place_id      BLOB    NOT NULL CHECK (length(place_id) = 16),
    number        INTEGER NOT NULL CHECK (number > 0),
    position      INTEGER NOT NULL CHECK (position > 0),
    commit_id     BLOB    NOT NULL CHECK (length(commit_id) = 16),
    ordinal       INTEGER NOT NULL,
    time          INTEGER NOT NULL,
    actor         TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    target        TEXT    NOT NULL,
    detail_digest BLOB    CHECK (length(detail_digest) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (vendor_id, place_id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_entries_position ON audit_entries (vendor_id, position);
CREATE UNIQUE INDEX audit_entries_commit ON audit_entries (commit_id, ordinal);

-- What may be erased, while the chain over the entries still holds.
CREATE TABLE audit_details (
    vendor_id BLOB    NOT NULL,
    place_id  BLOB    NOT NULL,
    number    INTEGER NOT NULL,
    salt      BLOB    NOT NULL CHECK (length(salt) = 32),
    subject   TEXT    NOT NULL,
    body      TEXT    NOT NULL,
    PRIMARY KEY (vendor_id, place_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_details_subject ON audit_details (vendor_id, subject) WHERE subject <> '';

CREATE TABLE audit_heads (
    vendor_id BLOB    NOT NULL,
    place_id  BLOB    NOT NULL,
    number    INTEGER NOT NULL,
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (vendor_id, place_id)
) STRICT, WITHOUT ROWID;

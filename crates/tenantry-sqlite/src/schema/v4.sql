-- The outbox: the delivery of a pending invitation, its token sealed until it is sent.

CREATE TABLE outbox (
    vendor_id     BLOB    NOT NULL,
    place_id      BLOB    NOT NULL CHECK (length(place_id) = 16),
    invitation_id BLOB    NOT NULL,
    id            BLOB    NOT NULL CHECK (length(id) = 16),
    state         TEXT    NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed')),
    due           INTEGER,
    sealed        BLOB    CHECK ((sealed IS NULL) = (due IS NULL)),
    attempts      INTEGER NOT NULL CHECK (attempts >= 0),
    unknown       INTEGER NOT NULL CHECK (unknown BETWEEN 0 AND attempts),
    reason        TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (vendor_id, place_id, invitation_id),
    FOREIGN KEY (vendor_id, place_id, invitation_id) REFERENCES invitations (vendor_id, place_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due, invitation_id) WHERE due IS NOT NULL;
CREATE INDEX outbox_key ON outbox (vendor_id, place_id, substr(sealed, 7, 16)) WHERE sealed IS NOT NULL;

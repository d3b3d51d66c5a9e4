-- The vendor's log by action, and by actor, so that a filter reads what it answers and not what lies between.
CREATE INDEX audit_entries_action ON audit_entries (vendor_id, action, position);
-- With the action between: an actor has few, and whoever asks for both walks past none of the others.
CREATE INDEX audit_entries_actor ON audit_entries (vendor_id, actor, action, position);

-- With the features, so that a walk reads no customer only to see that it has not the one that is looked for.
DROP INDEX customers_name;
CREATE INDEX customers_name ON customers (vendor_id, name_folded, id, status, external_id_folded, number, features);
DROP INDEX customers_archived;
CREATE INDEX customers_archived ON customers (vendor_id, name_folded, id, status, external_id_folded, number, features)
    WHERE status = 'archived';

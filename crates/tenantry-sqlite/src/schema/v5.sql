-- The vendor's log by action, and by actor, so that a filter reads what it answers and not what lies between.

CREATE INDEX audit_entries_action ON audit_entries (vendor_id, action, position);
-- With the action between: an actor has few, and whoever asks for both walks past none of the others.
CREATE INDEX audit_entries_actor ON audit_entries (vendor_id, actor, action, position);

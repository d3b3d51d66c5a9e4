-- The search index of the customer filter; `search/mod.rs` says how it is kept and asked.

-- A number stands for one searchable text of a vendor, for ever: who is renamed gets another one. The vendor's numbers
-- begin at `first`, those of members 1 << 40 behind; `next` counts both.
CREATE TABLE search_numbers (
    vendor_id BLOB    NOT NULL PRIMARY KEY REFERENCES vendors (id),
    first     INTEGER NOT NULL UNIQUE,
    next      INTEGER NOT NULL CHECK (next BETWEEN 0 AND 1 << 40)
) STRICT, WITHOUT ROWID;
INSERT INTO search_numbers (vendor_id, first, next)
    SELECT id, row_number() OVER (ORDER BY id) << 41, 0 FROM vendors;

ALTER TABLE customers ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE customers SET number = numbers.first + ordered.place
    FROM (SELECT vendor_id, id, row_number() OVER (PARTITION BY vendor_id ORDER BY name_folded, id) - 1 AS place
          FROM customers) AS ordered
    JOIN search_numbers AS numbers ON numbers.vendor_id = ordered.vendor_id
    WHERE customers.vendor_id = ordered.vendor_id AND customers.id = ordered.id;
UPDATE search_numbers SET next = (SELECT count(*) FROM customers WHERE customers.vendor_id = search_numbers.vendor_id);

-- 0 for a member of the vendor itself.
ALTER TABLE members ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE members SET number = numbers.first + (1 << 40) + numbers.next + ordered.place
    FROM (SELECT vendor_id, place_id, user_id,
              row_number() OVER (PARTITION BY vendor_id ORDER BY place_id, user_id) - 1 AS place
          FROM members WHERE place_id <> vendor_id) AS ordered
    JOIN search_numbers AS numbers ON numbers.vendor_id = ordered.vendor_id
    WHERE members.vendor_id = ordered.vendor_id AND members.place_id = ordered.place_id
      AND members.user_id = ordered.user_id;
UPDATE search_numbers SET next = next +
    (SELECT count(*) FROM members WHERE members.vendor_id = search_numbers.vendor_id AND number <> 0);

-- All that a walk in the order of the names looks at, so that it reads a customer only when it is one of the page.
DROP INDEX customers_name;
CREATE INDEX customers_name ON customers (vendor_id, name_folded, id, status, external_id_folded, number);
-- They are few: a list of them does not walk past all others.
CREATE INDEX customers_archived ON customers (vendor_id, name_folded, id, status, external_id_folded, number)
    WHERE status = 'archived';

-- The texts as they are indexed.
CREATE TABLE search_customers (
    number             INTEGER PRIMARY KEY,
    customer_id        BLOB    NOT NULL CHECK (length(customer_id) = 16),
    name_folded        TEXT    NOT NULL,
    external_id_folded TEXT
) STRICT;
INSERT INTO search_customers (number, customer_id, name_folded, external_id_folded)
    SELECT number, id, name_folded, external_id_folded FROM customers ORDER BY number;

CREATE TABLE search_members (
    number       INTEGER PRIMARY KEY,
    customer     INTEGER NOT NULL,
    email_folded TEXT    NOT NULL
) STRICT;
INSERT INTO search_members (number, customer, email_folded)
    SELECT m.number, c.number, u.email_folded
    FROM members AS m
    JOIN customers AS c ON c.vendor_id = m.vendor_id AND c.id = m.place_id
    JOIN users AS u ON u.vendor_id = m.vendor_id AND u.id = m.user_id
    ORDER BY m.number;
CREATE INDEX search_members_customer ON search_members (customer);

-- Which numbers have which three characters. `secure-delete` takes what is deleted out of the pages at once.
CREATE VIRTUAL TABLE search_index USING fts5 (
    text, more, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
);
INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1);
-- Two characters behind a text let every character of it begin a trigram, also the last.
INSERT INTO search_index (rowid, text, more)
    SELECT number, name_folded || char(1, 1), external_id_folded || char(1, 1) FROM search_customers ORDER BY number;
INSERT INTO search_index (rowid, text, more)
    SELECT number, email_folded || char(1, 1), NULL FROM search_members ORDER BY number;

-- The same, by the trigram.
CREATE VIRTUAL TABLE search_terms USING fts5vocab (search_index, 'instance');

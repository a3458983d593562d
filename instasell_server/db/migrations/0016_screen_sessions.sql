-- A session that another one has opened, as a screen does from the token of a profile: it ends
-- alone, and it ends with the one that opened it. No foreign key: it never expires later than that
-- one, so that both rows are deleted together, and the check of one would read the whole table.
ALTER TABLE sessions ADD COLUMN opened_by uuid;

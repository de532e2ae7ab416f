-- `customer` is the name of the person's number in the program. `callee` always equalled `exophone`.

ALTER TABLE sessions RENAME COLUMN caller TO customer;

ALTER TABLE sessions DROP COLUMN callee;

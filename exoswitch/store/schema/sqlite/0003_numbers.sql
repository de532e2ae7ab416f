-- The person's number by its name in the program and the documentation; ours stood there twice, as callee and exophone.

ALTER TABLE sessions RENAME COLUMN caller TO customer;

ALTER TABLE sessions DROP COLUMN callee;

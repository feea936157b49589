-- From the third schema to the fourth: cases, and the rounds of questions that they ask.
ALTER TABLE attempts ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
CREATE TABLE cases (
    request_id TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL,
    officer    TEXT NOT NULL,
    asked      BLOB NOT NULL,
    version    INTEGER NOT NULL
) STRICT;
CREATE INDEX cases_by_name ON cases (case_id)

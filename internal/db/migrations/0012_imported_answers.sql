-- Answers that another tool was given: nothing was shown for them here.
ALTER TABLE survey_asks ADD COLUMN imported BIGINT NOT NULL DEFAULT 0;
UPDATE survey_asks SET imported = 1 WHERE document LIKE '%"import":"%';

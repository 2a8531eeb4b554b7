-- What other systems said of an account, change by change, for its timeline.
CREATE TABLE fact_changes (
    account  {text} NOT NULL,
    seq      BIGINT NOT NULL, -- of the account's changes, from 1
    at       BIGINT NOT NULL, -- when we heard of it
    ended    BIGINT NOT NULL, -- 1: it was taken away or closed
    document {text} NOT NULL, -- JSON of account.Fact, without its note
    PRIMARY KEY (account, seq)
) {compact};
CREATE INDEX fact_changes_time ON fact_changes (account, at);

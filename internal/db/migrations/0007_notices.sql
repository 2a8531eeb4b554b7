-- What people of accounts are told of upgrade requests and what became of them.
CREATE TABLE notices (
    id       {text} PRIMARY KEY,
    account  {text} NOT NULL,
    person   {text} NOT NULL, -- pseudonym of whom it is for; empty: for a role
    role     {text} NOT NULL, -- admin; empty: for a person
    at       BIGINT NOT NULL,
    read_at  BIGINT NOT NULL, -- 0: unread
    document {text} NOT NULL  -- JSON of offer.Notice
);
CREATE INDEX notices_newest ON notices (account, at, id);

-- How often what was accepted is undone.
CREATE INDEX outcomes_type ON outcomes (type, at);

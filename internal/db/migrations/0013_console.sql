-- What comes next for an account, and what its lists are sorted and narrowed by.
ALTER TABLE accounts ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;  -- 0: nothing is known to come
ALTER TABLE accounts ADD COLUMN next_is {text} NOT NULL DEFAULT ''; -- trial_ends, ends or changes
CREATE INDEX accounts_next ON accounts (next_at, account);
CREATE INDEX accounts_name ON accounts (name, account);
CREATE INDEX accounts_mrr ON accounts (mrr, account);
CREATE INDEX accounts_plan ON accounts (plan, account);
CREATE INDEX accounts_found ON accounts (account, name, domain);
CREATE INDEX requests_status ON requests (status, account);
CREATE INDEX readiness_best ON readiness (score, account, type);
CREATE INDEX signals_latest ON signals (at, account, id);

-- Views of lists that people of the console keep by name: not a part of the company's data, so not in the log.
CREATE TABLE views (
    page       {text} NOT NULL, -- of the console
    name       {text} NOT NULL,
    query      {text} NOT NULL, -- the page's part of the address
    author     {text} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (page, name)
) {compact};

-- What the console adds up over all accounts: narrow, and in the order in which it is added up, so that rows
-- with their documents are not read.
CREATE INDEX moments_course ON moments (kind, feature, milestone, placement, at, variant, decision);
DROP INDEX signals_latest;
CREATE INDEX signals_latest ON signals (at, account, id, name);

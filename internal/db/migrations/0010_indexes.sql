-- What an account's timeline, the lists and the registry of signals are read by.
CREATE INDEX outcomes_account ON outcomes (account, at);
CREATE INDEX requests_account ON requests (account, at, id);
CREATE INDEX readiness_all ON readiness (score DESC, account, type);
CREATE INDEX lifecycle_since ON lifecycle (since, account);
CREATE INDEX referrals_program ON referrals (program, account);
CREATE INDEX survey_asks_time ON survey_asks (at);
CREATE INDEX signals_name ON signals (name, at);
CREATE INDEX ledger_effective ON ledger (effective_at, account);

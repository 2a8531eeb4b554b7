-- The most that accounts used of a meter in a closed period: what limits are chosen by.
CREATE INDEX usage_periods_meter ON usage_periods (meter, per, end_at, account, usage);

-- Who met a closed feature, and how often.
CREATE TABLE gates (
    account {text} NOT NULL,
    feature {text} NOT NULL,
    touches BIGINT NOT NULL, -- once a user and minute
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account, feature)
) {compact};
CREATE INDEX gates_feature ON gates (feature, touches, account);

-- What accounts gained by their own measure, a line a metric and month. It only grows: the
-- triggers below hold that against everybody.
CREATE TABLE value_lines (
    account     {text} NOT NULL,
    metric      {text} NOT NULL,
    start_at    BIGINT NOT NULL,
    end_at      BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    quantity    BIGINT NOT NULL, -- millionths of the metric's unit
    worth       BIGINT NOT NULL, -- minor units of currency
    currency    {text} NOT NULL,
    price       BIGINT NOT NULL, -- MRR over the span on average, twelfths of a minor unit of paid_in
    paid_in     {text} NOT NULL,
    share       BIGINT NOT NULL, -- price of worth, in hundredths of a percent; -1: no worth
    low         BIGINT NOT NULL, -- of the band, likewise; -1: none
    high        BIGINT NOT NULL,
    state       {text} NOT NULL, -- in_band, below, above; empty: no band
    PRIMARY KEY (account, metric, start_at)
) {compact};
CREATE INDEX value_lines_state ON value_lines (state, end_at, account, metric);

-- sqlite {
CREATE TRIGGER value_lines_no_update BEFORE UPDATE ON value_lines
BEGIN SELECT RAISE(ABORT, 'the value ledger only grows: lines are never changed'); END;
CREATE TRIGGER value_lines_no_delete BEFORE DELETE ON value_lines
BEGIN SELECT RAISE(ABORT, 'the value ledger only grows: lines are never deleted'); END;
-- }
-- postgres {
CREATE TRIGGER value_lines_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON value_lines
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
-- }

-- How accounts stand with the milestones of their plan and segment.
CREATE TABLE milestones (
    account      {text} NOT NULL,
    milestone    {text} NOT NULL,
    follows      {text} NOT NULL, -- the milestone that comes before it; empty: none
    expected     BIGINT NOT NULL, -- 1: the account is to reach it
    optional     BIGINT NOT NULL,
    start_at     BIGINT NOT NULL, -- of the account's way
    due_at       BIGINT NOT NULL, -- when it is late; 0: never
    reached_at   BIGINT NOT NULL, -- 0: not yet
    reached_by   {text} NOT NULL, -- pseudonym
    known_before BIGINT NOT NULL, -- 1: it had happened before anybody asked
    PRIMARY KEY (account, milestone)
) {compact};
CREATE INDEX milestones_stuck ON milestones (expected, reached_at, due_at, account, milestone);

-- Every move of an account from one stage of its life to another, and where each stands now.
CREATE TABLE stage_moves (
    account      {text} NOT NULL,
    seq          BIGINT NOT NULL, -- of the account's moves, from 1
    at           BIGINT NOT NULL,
    stage        {text} NOT NULL,
    stage_before {text} NOT NULL, -- empty on the first
    why          {text} NOT NULL,
    PRIMARY KEY (account, seq)
) {compact};
CREATE INDEX stage_moves_at ON stage_moves (at, stage_before, stage, account);

CREATE TABLE lifecycle (
    account      {text} PRIMARY KEY,
    stage        {text} NOT NULL,
    since        BIGINT NOT NULL,
    why          {text} NOT NULL,
    stage_before {text} NOT NULL
) {compact};
CREATE INDEX lifecycle_stage ON lifecycle (stage, since, account);

-- How ready accounts are to grow, by type of revenue, as of their last daily look.
CREATE TABLE readiness (
    account  {text} NOT NULL,
    type     {text} NOT NULL,
    score    BIGINT NOT NULL, -- 0 to 100
    ready    BIGINT NOT NULL,
    change   BIGINT NOT NULL, -- of the score since the look of the day before
    at       BIGINT NOT NULL,
    document {text} NOT NULL, -- every contribution
    PRIMARY KEY (account, type)
) {compact};
CREATE INDEX readiness_score ON readiness (type, ready, score, account);

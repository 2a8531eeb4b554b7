-- Times are BIGINT microseconds since 1970 UTC, 0 when unset. Amounts are BIGINT in the unit
-- their column's comment names. {bytes}, {text}, {identity} and {compact} are filled in per engine.

CREATE TABLE meta (
    name  {text} PRIMARY KEY,
    value {bytes} NOT NULL
);

-- Who owns a partition, and where its checkpoint stands in which log.
CREATE TABLE partitions (
    partition BIGINT PRIMARY KEY,
    owner     {text} NOT NULL DEFAULT '',
    address   {text} NOT NULL DEFAULT '',
    epoch     BIGINT NOT NULL DEFAULT 0,
    expires   BIGINT NOT NULL DEFAULT 0, -- by the database's clock
    stream    {text} NOT NULL,
    position  BIGINT NOT NULL DEFAULT 0,
    now       BIGINT NOT NULL DEFAULT 0, -- the partition's own time
    catalog   {text} NOT NULL DEFAULT '',
    rules     BIGINT NOT NULL DEFAULT 0
);

-- Accounts, and persons whose account is not known yet. A checkpoint writes many of one
-- partition: standing together they share pages, of which each is written whole.
CREATE TABLE account_states (
    partition BIGINT NOT NULL,
    account   {text} NOT NULL,
    state     {bytes} NOT NULL,
    PRIMARY KEY (partition, account)
) {compact};

-- Members that meters tell apart, where there are too many of them for the account's state:
-- rows are added with each checkpoint, and now and then one takes the place of all.
CREATE TABLE account_sets (
    partition BIGINT NOT NULL,
    account   {text} NOT NULL,
    meter     {text} NOT NULL,
    per       {text} NOT NULL, -- of the window, empty for the account's life
    start_at  BIGINT NOT NULL,
    seq       BIGINT NOT NULL, -- log position of the checkpoint
    data      {bytes} NOT NULL,
    PRIMARY KEY (partition, account, meter, per, start_at, seq)
) {compact};

-- An account's timers in one row, so that a checkpoint that changes none of them writes nothing.
CREATE TABLE timers (
    account   {text} PRIMARY KEY,
    partition BIGINT NOT NULL,
    next_due  BIGINT NOT NULL, -- 0: no timer
    timers    {bytes} NOT NULL -- (due varint, id length uvarint, id)*
) {compact};
CREATE INDEX timers_partition ON timers (partition, next_due);

CREATE TABLE dedup_segments (
    partition    BIGINT NOT NULL,
    day          BIGINT NOT NULL, -- days since 1970 UTC
    segment      BIGINT NOT NULL, -- rising
    fingerprints {bytes} NOT NULL, -- 16 bytes each
    PRIMARY KEY (partition, day, segment)
);

CREATE TABLE answers (
    account     {text} NOT NULL,
    fingerprint {bytes} NOT NULL,
    partition   BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    request     {bytes} NOT NULL,
    answer      {bytes} NOT NULL,
    PRIMARY KEY (account, fingerprint)
);
CREATE INDEX answers_age ON answers (partition, at);

-- What leaves for other partitions.
CREATE TABLE outbox (
    id        {identity},
    partition BIGINT NOT NULL,
    record    {bytes} NOT NULL,
    due       BIGINT NOT NULL
);
CREATE INDEX outbox_partition ON outbox (partition, id);

CREATE TABLE accounts (
    account          {text} PRIMARY KEY,
    name             {text} NOT NULL,
    parent           {text} NOT NULL,
    domain           {text} NOT NULL,
    plan             {text} NOT NULL,
    status           {text} NOT NULL,
    billing_interval {text} NOT NULL,
    mrr              BIGINT NOT NULL, -- twelfths of a minor unit
    currency         {text} NOT NULL,
    unknown          BIGINT NOT NULL, -- 1: named by an event before any account record
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    document         {text} NOT NULL -- JSON of account.Account
);
CREATE INDEX accounts_parent ON accounts (parent, account);

CREATE TABLE people (
    account   {text} NOT NULL,
    pseudonym {text} NOT NULL,
    role      {text} NOT NULL,
    profile   {text} NOT NULL,
    traits    {text} NOT NULL, -- JSON
    sealed    {bytes} NOT NULL, -- empty: nothing sealed
    seen_at   BIGINT NOT NULL,
    PRIMARY KEY (account, pseudonym)
) {compact};
CREATE INDEX people_pseudonym ON people (pseudonym);

CREATE TABLE limits (
    account     {text} NOT NULL,
    feature     {text} NOT NULL,
    usage       BIGINT NOT NULL, -- millionths
    limit_value BIGINT NOT NULL, -- millionths
    percent     BIGINT NOT NULL,
    resets_at   BIGINT NOT NULL,
    PRIMARY KEY (account, feature)
) {compact};
CREATE INDEX limits_percent ON limits (percent, account, feature);

CREATE TABLE signals (
    account  {text} NOT NULL,
    id       {text} NOT NULL,
    name     {text} NOT NULL, -- the rule's key in the catalog
    at       BIGINT NOT NULL,
    document {text} NOT NULL, -- JSON of signal.Signal
    PRIMARY KEY (account, id)
);
CREATE INDEX signals_newest ON signals (at, id);
CREATE INDEX signals_account ON signals (account, at, id);

CREATE TABLE decisions (
    id       {text} PRIMARY KEY,
    account  {text} NOT NULL,
    offer    {text} NOT NULL, -- the one shown or held out; empty when none was
    status   {text} NOT NULL,
    variant  {text} NOT NULL,
    at       BIGINT NOT NULL,
    document {text} NOT NULL -- JSON of offer.Decision
);
CREATE INDEX decisions_account ON decisions (account, at, id);
CREATE INDEX decisions_time ON decisions (at);

CREATE TABLE outcomes (
    decision {text} NOT NULL,
    type     {text} NOT NULL,
    at       BIGINT NOT NULL,
    account  {text} NOT NULL,
    document {text} NOT NULL, -- JSON of offer.Outcome
    PRIMARY KEY (decision, type, at)
) {compact};

CREATE TABLE requests (
    id       {text} PRIMARY KEY,
    account  {text} NOT NULL,
    status   {text} NOT NULL,
    at       BIGINT NOT NULL,
    document {text} NOT NULL -- JSON of offer.Request
);
CREATE INDEX requests_newest ON requests (at, id);

CREATE TABLE opportunities (
    id        {text} PRIMARY KEY,
    account   {text} NOT NULL,
    stage     {text} NOT NULL,
    owner     {text} NOT NULL,
    type      {text} NOT NULL,
    opened_at BIGINT NOT NULL,
    amount    BIGINT NOT NULL, -- minor units
    currency  {text} NOT NULL,
    document  {text} NOT NULL -- JSON of opportunity.Opportunity without its amount
);
CREATE INDEX opportunities_newest ON opportunities (opened_at, id);
CREATE INDEX opportunities_account ON opportunities (account, opened_at, id);

-- The MRR ledger. It only grows: the triggers below hold that against everybody.
CREATE TABLE ledger (
    account      {text} NOT NULL,
    seq          BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    delta        BIGINT NOT NULL, -- twelfths of a minor unit
    mrr          BIGINT NOT NULL, -- twelfths of a minor unit
    currency     {text} NOT NULL,
    movement     {text} NOT NULL,
    type         {text} NOT NULL,
    motion       {text} NOT NULL,
    source       {text} NOT NULL,
    ref          {text} NOT NULL,
    note         {text} NOT NULL,
    PRIMARY KEY (account, seq)
) {compact};
CREATE INDEX ledger_recorded ON ledger (recorded_at, account, seq);

-- sqlite {
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger only grows: lines are never changed'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger only grows: lines are never deleted'); END;
-- }
-- postgres {
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger only grows: lines are never changed or deleted'; END $$;
CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
-- Fingerprints and states do not shrink by PostgreSQL's own compression: leave it out.
ALTER TABLE dedup_segments ALTER COLUMN fingerprints SET STORAGE EXTERNAL;
-- }

CREATE TABLE usage_periods (
    account  {text} NOT NULL,
    meter    {text} NOT NULL,
    start_at BIGINT NOT NULL,
    per      {text} NOT NULL, -- month, year, week or day
    end_at   BIGINT NOT NULL,
    usage    BIGINT NOT NULL, -- millionths
    late     BIGINT NOT NULL, -- millionths
    PRIMARY KEY (account, meter, start_at, per)
) {compact};

CREATE TABLE catalogs (
    version    {text} PRIMARY KEY,
    body       {text} NOT NULL,
    author     {text} NOT NULL,
    note       {text} NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE catalog_activations (
    position BIGINT PRIMARY KEY, -- of the record in the log
    version  {text} NOT NULL REFERENCES catalogs (version),
    at       BIGINT NOT NULL
);

CREATE TABLE keys (
    id         {text} PRIMARY KEY,
    kind       {text} NOT NULL,
    hash       {bytes} NOT NULL UNIQUE,
    name       {text} NOT NULL,
    scopes     {text} NOT NULL, -- JSON array
    hint       {text} NOT NULL,
    token_key  {bytes} NOT NULL, -- empty: none
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);

CREATE TABLE console_users (
    name       {text} PRIMARY KEY,
    password   {text} NOT NULL,
    role       {text} NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    hash       {bytes} PRIMARY KEY,
    name       {text} NOT NULL REFERENCES console_users (name) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);

CREATE TABLE person_keys (
    pseudonym  {text} PRIMARY KEY,
    secret     {bytes} NOT NULL, -- empty: erased
    created_at BIGINT NOT NULL,
    erased_at  BIGINT NOT NULL
) {compact};

CREATE TABLE imports (
    id         {text} PRIMARY KEY,
    kind       {text} NOT NULL,
    file       {text} NOT NULL,
    rows_done  BIGINT NOT NULL,
    status     {text} NOT NULL,
    report     {text} NOT NULL, -- JSON, empty: none
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX imports_newest ON imports (created_at, id);

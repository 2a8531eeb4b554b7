-- Moments at which more would have helped, and the offer that answered each.
CREATE TABLE moments (
    id         {text} PRIMARY KEY,
    account    {text} NOT NULL,
    kind       {text} NOT NULL, -- limit, locked or milestone
    feature    {text} NOT NULL, -- empty: a milestone
    milestone  {text} NOT NULL,
    placement  {text} NOT NULL,
    at         BIGINT NOT NULL,
    times      BIGINT NOT NULL,
    why        {text} NOT NULL, -- no offer answered it
    decision   {text} NOT NULL, -- that answered it, empty: none
    variant    {text} NOT NULL,
    value      BIGINT NOT NULL, -- a year's money of what would have helped, minor units
    currency   {text} NOT NULL,
    document   {text} NOT NULL -- JSON of engine.Moment
);
CREATE INDEX moments_newest ON moments (at, id);
CREATE INDEX moments_account ON moments (account, at, id);

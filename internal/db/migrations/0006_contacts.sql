-- Contacts that were claimed at an account, over all channels; a row of its own says that one was
-- given back.
CREATE TABLE contacts (
    account  {text} NOT NULL,
    id       {text} NOT NULL, -- of the claim
    released BIGINT NOT NULL, -- 1: given back at the time
    at       BIGINT NOT NULL,
    channel  {text} NOT NULL,
    person   {text} NOT NULL, -- pseudonym; empty: nobody in particular
    about    {text} NOT NULL,
    PRIMARY KEY (account, id, released)
) {compact};
CREATE INDEX contacts_newest ON contacts (account, released, at, id);

-- Which variant of an experiment an account was assigned.
CREATE TABLE variants (
    account    {text} NOT NULL,
    experiment {text} NOT NULL,
    variant    {text} NOT NULL,
    unit       {text} NOT NULL, -- the root of the family that drew it
    at         BIGINT NOT NULL,
    PRIMARY KEY (account, experiment)
) {compact};
CREATE INDEX variants_experiment ON variants (experiment, variant, account);

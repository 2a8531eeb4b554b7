-- Who was invited, and who asks to join.
CREATE TABLE invites (
    id       {text} NOT NULL PRIMARY KEY,
    account  {text} NOT NULL,
    status   {text} NOT NULL,
    at       BIGINT NOT NULL,
    document {text} NOT NULL
) {compact};
CREATE INDEX invites_account ON invites (account, at, id);

CREATE TABLE access_requests (
    id       {text} NOT NULL PRIMARY KEY,
    account  {text} NOT NULL,
    status   {text} NOT NULL,
    at       BIGINT NOT NULL,
    document {text} NOT NULL
) {compact};
CREATE INDEX access_requests_account ON access_requests (account, at, id);

-- How accounts do in referral programs, and what became of the first sign-up of accounts.
CREATE TABLE referrals (
    account  {text} NOT NULL,
    program  {text} NOT NULL,
    since    BIGINT NOT NULL,
    document {text} NOT NULL,
    PRIMARY KEY (account, program)
) {compact};

CREATE TABLE sign_ups (
    account  {text} NOT NULL PRIMARY KEY,
    referrer {text} NOT NULL, -- empty: not credited
    program  {text} NOT NULL,
    at       BIGINT NOT NULL,
    document {text} NOT NULL
) {compact};
CREATE INDEX sign_ups_referrer ON sign_ups (referrer, program, at, account);

-- Every time a survey was shown to a person, and what they said. Their own words are sealed.
CREATE TABLE survey_asks (
    id          {text} NOT NULL PRIMARY KEY,
    pseudonym   {text} NOT NULL,
    account     {text} NOT NULL,
    survey      {text} NOT NULL,
    kind        {text} NOT NULL,
    at          BIGINT NOT NULL,
    answered_at BIGINT NOT NULL, -- 0: not answered
    score       BIGINT NOT NULL, -- -1: none
    request     BIGINT NOT NULL, -- 1: asks for something
    feature     {text} NOT NULL, -- that it asks for; empty: none, or none yet
    document    {text} NOT NULL
) {compact};
CREATE INDEX survey_asks_survey ON survey_asks (survey, at, id);
CREATE INDEX survey_asks_account ON survey_asks (account, at, id);
CREATE INDEX survey_asks_request ON survey_asks (request, feature, at, id);

-- Which types of event came in on a day, and how many of each: a row for each partition and day,
-- rewritten by its checkpoints.
CREATE TABLE event_types (
    partition BIGINT NOT NULL,
    day       BIGINT NOT NULL,
    document  {text} NOT NULL,
    PRIMARY KEY (partition, day)
) {compact};

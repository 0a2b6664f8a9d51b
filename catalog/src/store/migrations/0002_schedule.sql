-- The schedule's ledger: ticks and what became of them, what is paused, what people asked for, logs of runs, notices.
-- Portable as 0001: TEXT and BIGINT only.

-- Numbers that grow with every use, in the order of commits: revision, ready, request, commit.
CREATE TABLE counter (
    tenant TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    last   BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE tick (
    tenant            TEXT   NOT NULL,
    pipeline          TEXT   NOT NULL,
    tick_key          TEXT   NOT NULL,
    cause             TEXT   NOT NULL,
    scheduled_at      TEXT   NOT NULL,
    interval_start    TEXT   NOT NULL,
    interval_end      TEXT   NOT NULL,
    biz_date          TEXT   NOT NULL,
    definition_digest TEXT   NOT NULL,
    owner             TEXT   NOT NULL,
    pool              TEXT   NOT NULL,
    priority          BIGINT NOT NULL,
    state             TEXT   NOT NULL,
    reason            TEXT,
    successor         TEXT,
    attempt           BIGINT NOT NULL,
    tries             BIGINT NOT NULL,
    deaths            BIGINT NOT NULL,
    not_before        TEXT,
    worker            TEXT,
    token             BIGINT NOT NULL,
    lease_until       TEXT,
    phase             TEXT,
    cancel            TEXT,
    run_id            TEXT,
    created_at        TEXT   NOT NULL,
    started_at        TEXT,
    finished_at       TEXT,
    revision          BIGINT NOT NULL,
    ready_no          BIGINT,
    PRIMARY KEY (tenant, pipeline, tick_key)
);
-- Two ticks of a pipeline never run at once, whoever asks for it.
CREATE UNIQUE INDEX tick_busy ON tick (tenant, pipeline) WHERE state IN ('ready', 'running');
CREATE INDEX tick_ready ON tick (tenant, ready_no) WHERE state = 'ready';
CREATE INDEX tick_open ON tick (tenant, state) WHERE state IN ('queued', 'ready', 'running');
CREATE INDEX tick_revision ON tick (tenant, revision) WHERE revision > 0;
CREATE INDEX tick_of_pipeline ON tick (tenant, pipeline, scheduled_at, tick_key);
CREATE INDEX tick_by_time ON tick (tenant, scheduled_at, pipeline, tick_key);

CREATE TABLE schedule_anchor (
    tenant   TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    schedule TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (tenant, pipeline)
);

CREATE TABLE schedule_hold (
    tenant  TEXT NOT NULL,
    scope   TEXT NOT NULL,
    name    TEXT NOT NULL,
    held_by TEXT NOT NULL,
    note    TEXT NOT NULL,
    since   TEXT NOT NULL,
    PRIMARY KEY (tenant, scope, name)
);

-- release_*: the tick that a release is asked for, and the attempt that the gate had stopped when it was granted.
CREATE TABLE schedule_request (
    tenant           TEXT   NOT NULL,
    id               BIGINT NOT NULL,
    ask              TEXT   NOT NULL,
    asked_by         TEXT   NOT NULL,
    asked_at         TEXT   NOT NULL,
    release_pipeline TEXT,
    release_key      TEXT,
    release_attempt  BIGINT,
    granted          BIGINT,
    answer           TEXT,
    answered_at      TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX request_open ON schedule_request (tenant, id) WHERE answered_at IS NULL;
CREATE INDEX request_release ON schedule_request (tenant, release_pipeline, release_key, id)
    WHERE release_key IS NOT NULL;

-- Publications in the order of commits; earlier ones in the order of their time.
ALTER TABLE intent ADD COLUMN commit_no BIGINT;
UPDATE intent SET commit_no = placed.place
    FROM (SELECT tenant, id, ROW_NUMBER() OVER (PARTITION BY tenant ORDER BY published_at, id) AS place
          FROM intent WHERE state = 'published') AS placed
    WHERE placed.tenant = intent.tenant AND placed.id = intent.id;
INSERT INTO counter (tenant, name, last)
    SELECT tenant, 'commit', COUNT(*) FROM intent WHERE state = 'published' GROUP BY tenant;
CREATE UNIQUE INDEX intent_commit ON intent (tenant, commit_no) WHERE state = 'published';
CREATE INDEX intent_published ON intent (tenant, published_at) WHERE state = 'published';

CREATE TABLE run_log (
    tenant  TEXT   NOT NULL,
    run_id  TEXT   NOT NULL,
    line_no BIGINT NOT NULL,
    at      TEXT   NOT NULL,
    level   TEXT   NOT NULL,
    target  TEXT   NOT NULL,
    line    TEXT   NOT NULL,
    PRIMARY KEY (tenant, run_id, line_no)
);
CREATE INDEX run_log_by_time ON run_log (tenant, at);

CREATE TABLE notice (
    tenant          TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    dedup_key       TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    severity        TEXT   NOT NULL,
    pipeline        TEXT,
    tick_key        TEXT,
    body            TEXT   NOT NULL,
    state           TEXT   NOT NULL,
    times           BIGINT NOT NULL,
    created_at      TEXT   NOT NULL,
    last_at         TEXT   NOT NULL,
    acknowledged    TEXT,
    recovery        TEXT,
    sends           TEXT   NOT NULL,
    next_at         TEXT,
    revision        BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
-- What is known and not over is counted, not repeated.
CREATE UNIQUE INDEX notice_live ON notice (tenant, dedup_key) WHERE state IN ('open', 'acknowledged');
CREATE INDEX notice_due ON notice (tenant, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notice_by_time ON notice (tenant, created_at, id);

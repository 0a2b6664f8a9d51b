-- The first schema. Portable between SQLite and PostgreSQL: TEXT and BIGINT only, instants as RFC 3339 UTC text with
-- six decimals (so that text order is time order), bytes as hexadecimal text, JSON as canonical text.
-- Every row carries its tenant, except ledger_epoch and audit_head, which are facts about the database itself.

CREATE TABLE ledger_epoch (
    ordinal     BIGINT NOT NULL PRIMARY KEY,
    epoch       TEXT   NOT NULL UNIQUE,
    since       TEXT   NOT NULL
);

CREATE TABLE definition (
    tenant      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    digest      TEXT NOT NULL,
    body        TEXT NOT NULL,
    provenance  TEXT NOT NULL,
    imported_at TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, id)
);

CREATE TABLE run (
    tenant      TEXT NOT NULL,
    id          TEXT NOT NULL,
    pipeline    TEXT NOT NULL,
    cause       TEXT NOT NULL,
    started_by  TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    finished_at TEXT,
    success     BIGINT,
    summary     TEXT,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE occurrence (
    tenant            TEXT NOT NULL,
    id                TEXT NOT NULL,
    pipeline          TEXT NOT NULL,
    job               TEXT NOT NULL,
    target            TEXT NOT NULL,
    occurrence_key    TEXT NOT NULL,
    biz_date          TEXT,
    scheduled_at      TEXT,
    interval_start    TEXT,
    interval_end      TEXT,
    definition_digest TEXT NOT NULL,
    policy_digest     TEXT NOT NULL,
    grants_digest     TEXT NOT NULL,
    disposition       TEXT NOT NULL,
    reason            TEXT,
    created_at        TEXT NOT NULL,
    finished_at       TEXT,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, target, occurrence_key)
);

CREATE TABLE attempt (
    tenant        TEXT   NOT NULL,
    occurrence_id TEXT   NOT NULL,
    no            BIGINT NOT NULL,
    run_id        TEXT   NOT NULL,
    started_at    TEXT   NOT NULL,
    finished_at   TEXT,
    disposition   TEXT,
    PRIMARY KEY (tenant, occurrence_id, no),
    FOREIGN KEY (tenant, occurrence_id) REFERENCES occurrence (tenant, id),
    FOREIGN KEY (tenant, run_id) REFERENCES run (tenant, id)
);
CREATE INDEX attempt_by_run ON attempt (tenant, run_id);

CREATE TABLE lease (
    tenant     TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    owner      TEXT,
    token      BIGINT NOT NULL,
    expires_at TEXT   NOT NULL,
    PRIMARY KEY (tenant, target)
);

CREATE TABLE target (
    tenant         TEXT   NOT NULL,
    target         TEXT   NOT NULL,
    last_sequence  BIGINT NOT NULL,
    last_version   BIGINT,
    position       TEXT,
    updated_at     TEXT   NOT NULL,
    PRIMARY KEY (tenant, target)
);

CREATE TABLE intent (
    tenant           TEXT   NOT NULL,
    id               TEXT   NOT NULL,
    occurrence_id    TEXT   NOT NULL,
    target           TEXT   NOT NULL,
    publish_sequence BIGINT NOT NULL,
    epoch            TEXT   NOT NULL,
    manifest_path    TEXT   NOT NULL,
    manifest_digest  TEXT   NOT NULL,
    cursor_after     TEXT,
    permits          TEXT   NOT NULL,
    lease_token      BIGINT NOT NULL,
    state            TEXT   NOT NULL,
    created_at       TEXT   NOT NULL,
    published_at     TEXT,
    version          BIGINT,
    balance          TEXT,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, occurrence_id) REFERENCES occurrence (tenant, id)
);
CREATE UNIQUE INDEX intent_sequence ON intent (tenant, target, publish_sequence) WHERE state <> 'abandoned';
CREATE UNIQUE INDEX intent_occurrence ON intent (tenant, occurrence_id) WHERE state <> 'abandoned';

CREATE TABLE row_count (
    tenant           TEXT   NOT NULL,
    target           TEXT   NOT NULL,
    publish_sequence BIGINT NOT NULL,
    name             TEXT   NOT NULL,
    row_total        BIGINT NOT NULL,
    PRIMARY KEY (tenant, target, name, publish_sequence)
);

CREATE TABLE receipt (
    tenant           TEXT   NOT NULL,
    id               TEXT   NOT NULL,
    occurrence_id    TEXT   NOT NULL,
    target           TEXT   NOT NULL,
    publish_sequence BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    body             TEXT   NOT NULL,
    issued_at        TEXT   NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX receipt_by_target ON receipt (tenant, target, publish_sequence);

CREATE TABLE lineage (
    tenant           TEXT   NOT NULL,
    target           TEXT   NOT NULL,
    publish_sequence BIGINT NOT NULL,
    ordinal          BIGINT NOT NULL,
    occurrence_id    TEXT   NOT NULL,
    column_name      TEXT   NOT NULL,
    flow             TEXT   NOT NULL,
    source           TEXT   NOT NULL,
    source_column    TEXT   NOT NULL,
    grade            TEXT   NOT NULL,
    protection       TEXT   NOT NULL,
    PRIMARY KEY (tenant, target, publish_sequence, ordinal)
);

CREATE TABLE quarantine_file (
    tenant        TEXT   NOT NULL,
    occurrence_id TEXT   NOT NULL,
    path          TEXT   NOT NULL,
    row_total     BIGINT NOT NULL,
    key_id        TEXT   NOT NULL,
    recorded_at   TEXT   NOT NULL,
    PRIMARY KEY (tenant, occurrence_id, path),
    FOREIGN KEY (tenant, occurrence_id) REFERENCES occurrence (tenant, id)
);

CREATE TABLE wrapped_key (
    tenant       TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    length_bits  BIGINT NOT NULL,
    owner        TEXT   NOT NULL,
    wrapped      TEXT   NOT NULL,
    starts_at    TEXT   NOT NULL,
    ends_at      TEXT,
    destroyed_at TEXT,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE audit_entry (
    seq        BIGINT NOT NULL PRIMARY KEY,
    tenant     TEXT   NOT NULL,
    at         TEXT   NOT NULL,
    user_name  TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    phase      TEXT   NOT NULL,
    success    BIGINT NOT NULL,
    subject    TEXT   NOT NULL,
    object     TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    leaf       TEXT   NOT NULL,
    root       TEXT   NOT NULL
);

CREATE TABLE audit_head (
    id        BIGINT NOT NULL PRIMARY KEY,
    hash      TEXT   NOT NULL,
    size      BIGINT NOT NULL,
    frontier  TEXT   NOT NULL
);

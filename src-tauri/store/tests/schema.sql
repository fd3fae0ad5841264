CREATE TABLE api (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT NOT NULL,
    asset_id          TEXT NOT NULL,
    version           TEXT NOT NULL,
    label             TEXT NOT NULL,
    listen_address    TEXT NOT NULL,
    listen_port       INTEGER NOT NULL,
    listen_base_path  TEXT NOT NULL,
    listen_hosts      TEXT NOT NULL, -- JSON list
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL, version_header TEXT, routes TEXT NOT NULL DEFAULT '[]', upstream TEXT NOT NULL DEFAULT '{}',
    UNIQUE (asset_id, version, label)
) STRICT;

CREATE TABLE api_spec (
    api_id     INTEGER PRIMARY KEY REFERENCES api (id) ON DELETE CASCADE,
    text       TEXT NOT NULL, -- JSON or YAML
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE "applied_policy" (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    api_id         INTEGER REFERENCES api (id) ON DELETE CASCADE, -- without one it is automated: for every API
    policy         TEXT NOT NULL,
    config         TEXT NOT NULL, -- JSON object
    only           TEXT NOT NULL, -- JSON list of scopes
    enabled        INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    shadow         INTEGER NOT NULL,
    secrets        BLOB, -- sealed JSON object: pointer into config -> text
    in_force_since INTEGER NOT NULL
) STRICT;

CREATE INDEX applied_policy_by_api ON applied_policy (api_id, position);

CREATE TABLE certificate (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    chain       TEXT NOT NULL, -- PEM
    key         BLOB, -- nonce and ciphertext of PEM
    subject     TEXT NOT NULL,
    issuer      TEXT NOT NULL,
    hosts       TEXT NOT NULL, -- JSON list
    fingerprint TEXT NOT NULL, -- SHA-256 of the first certificate
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX certificate_local_authority ON certificate (kind) WHERE kind = 'local_authority';

CREATE TABLE change (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    what   TEXT NOT NULL
) STRICT;

CREATE TABLE client_app (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE contract (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    client_app_id INTEGER NOT NULL REFERENCES client_app (id) ON DELETE CASCADE,
    api_id        INTEGER NOT NULL REFERENCES api (id) ON DELETE CASCADE,
    state         TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (client_app_id, api_id)
) STRICT;

CREATE INDEX contract_by_api ON contract (api_id);

CREATE TABLE credential (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    client_app_id INTEGER NOT NULL REFERENCES client_app (id) ON DELETE CASCADE,
    client_id     TEXT NOT NULL UNIQUE,
    secret        BLOB NOT NULL, -- nonce and ciphertext
    secret_hash   BLOB NOT NULL, -- SHA-256
    secret_hint   TEXT NOT NULL,
    created_at    INTEGER NOT NULL
, expires_at INTEGER, previous_hash BLOB, previous_hint TEXT, previous_until INTEGER) STRICT;

CREATE INDEX credential_by_client_app ON credential (client_app_id);

CREATE TABLE listener (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    socket TEXT NOT NULL UNIQUE, -- address and port
    tls    TEXT -- JSON object; without one it speaks plain HTTP
) STRICT;

CREATE TABLE migration (
    id             INTEGER PRIMARY KEY,
    older_may_open INTEGER NOT NULL
) STRICT;

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL -- JSON
) STRICT;

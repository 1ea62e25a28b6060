CREATE TABLE server (
  id INTEGER NOT NULL,
  name VARCHAR(64) NOT NULL,
  url VARCHAR(500) NOT NULL,
  CONSTRAINT pk_server PRIMARY KEY (id),
  CONSTRAINT uq_server_name UNIQUE (name)
);
CREATE TABLE ci (
  id INTEGER NOT NULL,
  name VARCHAR(100) NOT NULL,
  origin VARCHAR(16) NOT NULL,
  created_at DATETIME NOT NULL,
  CONSTRAINT pk_ci PRIMARY KEY (id),
  CONSTRAINT uq_ci_name UNIQUE (name)
);
CREATE TABLE account (
  id INTEGER NOT NULL,
  server_id INTEGER NOT NULL,
  identity VARCHAR(300) NOT NULL,
  gerrit_id BIGINT,
  username VARCHAR(255),
  name VARCHAR(255),
  email VARCHAR(255),
  service_user BOOLEAN NOT NULL,
  ci_id INTEGER,
  CONSTRAINT pk_account PRIMARY KEY (id),
  CONSTRAINT uq_account_server_id_identity UNIQUE (server_id, identity),
  CONSTRAINT fk_account_server_id FOREIGN KEY(server_id) REFERENCES server (id),
  CONSTRAINT fk_account_ci_id FOREIGN KEY(ci_id) REFERENCES ci (id)
);
CREATE INDEX ix_account_ci_id ON account (ci_id);
CREATE INDEX ix_account_server_id_gerrit_id ON account (server_id, gerrit_id);
CREATE INDEX ix_account_server_id_username ON account (server_id, username);
CREATE TABLE audit (
  id INTEGER NOT NULL,
  at DATETIME NOT NULL,
  network VARCHAR(64) NOT NULL,
  account VARCHAR(190),
  nick VARCHAR(190) NOT NULL,
  room VARCHAR(200) NOT NULL,
  what VARCHAR(32) NOT NULL,
  arguments VARCHAR(600) NOT NULL,
  outcome VARCHAR(1000) NOT NULL,
  CONSTRAINT pk_audit PRIMARY KEY (id)
);
CREATE TABLE build (
  change_id BIGINT NOT NULL,
  seq INTEGER NOT NULL,
  idx SMALLINT NOT NULL,
  job VARCHAR(255) NOT NULL,
  word VARCHAR(64) NOT NULL,
  result VARCHAR(8) NOT NULL,
  voting BOOLEAN NOT NULL,
  duration_s FLOAT,
  url TEXT,
  CONSTRAINT pk_build PRIMARY KEY (change_id, seq, idx)
);
CREATE TABLE change (
  id BIGINT NOT NULL,
  server_id INTEGER NOT NULL,
  number BIGINT NOT NULL,
  project VARCHAR(255) NOT NULL,
  branch VARCHAR(255) NOT NULL,
  subject VARCHAR(500) NOT NULL,
  status VARCHAR(16) NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  CONSTRAINT pk_change PRIMARY KEY (id)
);
CREATE INDEX ix_change_number ON change (number);
CREATE INDEX ix_change_project_updated_at ON change (project, updated_at);
CREATE TABLE comment (
  change_id BIGINT NOT NULL,
  seq INTEGER NOT NULL,
  account_id INTEGER,
  patch_set INTEGER,
  posted_at DATETIME NOT NULL,
  message_id VARCHAR(64),
  event_at DATETIME,
  position INTEGER,
  tag VARCHAR(255),
  digest BIGINT NOT NULL,
  text TEXT NOT NULL,
  votes TEXT,
  CONSTRAINT pk_comment PRIMARY KEY (change_id, seq),
  CONSTRAINT uq_comment_change_id_message_id UNIQUE (change_id, message_id)
);
CREATE INDEX ix_comment_account_id_posted_at ON comment (account_id, posted_at);
CREATE TABLE feed (
  server_id INTEGER NOT NULL,
  name VARCHAR(190) NOT NULL,
  cursor TEXT,
  heard_at DATETIME,
  failed_at DATETIME,
  error TEXT,
  rejected BIGINT NOT NULL,
  CONSTRAINT pk_feed PRIMARY KEY (server_id, name)
);
CREATE TABLE health (
  ci_id INTEGER NOT NULL,
  state VARCHAR(16) NOT NULL,
  since DATETIME,
  assessed_at DATETIME NOT NULL,
  last_report_at DATETIME,
  signals TEXT NOT NULL,
  CONSTRAINT pk_health PRIMARY KEY (ci_id)
);
CREATE TABLE incident (
  id INTEGER NOT NULL,
  ci_id INTEGER NOT NULL,
  kind VARCHAR(32) NOT NULL,
  open_slot SMALLINT,
  body TEXT NOT NULL,
  state VARCHAR(16) NOT NULL,
  opened_at DATETIME,
  resolved_at DATETIME,
  changed_at DATETIME NOT NULL,
  told BOOLEAN NOT NULL,
  CONSTRAINT pk_incident PRIMARY KEY (id),
  CONSTRAINT uq_incident_ci_id_kind_open_slot UNIQUE (ci_id, kind, open_slot)
);
CREATE INDEX ix_incident_ci_id_changed_at ON incident (ci_id, changed_at);
CREATE INDEX ix_incident_open_slot_changed_at ON incident (open_slot, changed_at);
CREATE INDEX ix_incident_opened_at ON incident (opened_at);
CREATE INDEX ix_incident_resolved_at ON incident (resolved_at);
CREATE TABLE lease (
  name VARCHAR(64) NOT NULL,
  owner VARCHAR(190) NOT NULL,
  token BIGINT NOT NULL,
  until DATETIME NOT NULL,
  writes BIGINT NOT NULL,
  CONSTRAINT pk_lease PRIMARY KEY (name)
);
CREATE TABLE outbox (
  id INTEGER NOT NULL,
  dedupe_key VARCHAR(190) NOT NULL,
  network VARCHAR(64) NOT NULL,
  room VARCHAR(200) NOT NULL,
  card TEXT NOT NULL,
  state VARCHAR(16) NOT NULL,
  attempts INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  not_before DATETIME NOT NULL,
  lease_until DATETIME,
  sent_at DATETIME,
  remote_id VARCHAR(255),
  error TEXT,
  CONSTRAINT pk_outbox PRIMARY KEY (id),
  CONSTRAINT uq_outbox_dedupe_key UNIQUE (dedupe_key)
);
CREATE INDEX ix_outbox_network_room_created_at ON outbox (network, room, created_at);
CREATE INDEX ix_outbox_state_network_id ON outbox (state, network, id);
CREATE TABLE patch_set (
  change_id BIGINT NOT NULL,
  number INTEGER NOT NULL,
  uploaded_at DATETIME NOT NULL,
  CONSTRAINT pk_patch_set PRIMARY KEY (change_id, number)
);
CREATE TABLE report (
  change_id BIGINT NOT NULL,
  seq INTEGER NOT NULL,
  ci_id INTEGER NOT NULL,
  patch_set INTEGER,
  posted_at DATETIME NOT NULL,
  pipeline VARCHAR(100),
  outcome VARCHAR(16),
  result VARCHAR(8),
  format VARCHAR(32),
  heard_at DATETIME NOT NULL,
  CONSTRAINT pk_report PRIMARY KEY (change_id, seq)
);
CREATE INDEX ix_report_ci_id_posted_at ON report (ci_id, posted_at);
CREATE INDEX ix_report_heard_at_ci_id ON report (heard_at, ci_id);
CREATE TABLE silence (
  id INTEGER NOT NULL,
  pattern VARCHAR(100) NOT NULL,
  since DATETIME NOT NULL,
  until DATETIME NOT NULL,
  made_by VARCHAR(190) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  ended_at DATETIME,
  ended_by VARCHAR(190),
  CONSTRAINT pk_silence PRIMARY KEY (id)
);
CREATE INDEX ix_silence_until ON silence (until);
CREATE TABLE transition (
  incident_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at DATETIME NOT NULL,
  name VARCHAR(32) NOT NULL,
  reason TEXT NOT NULL,
  CONSTRAINT pk_transition PRIMARY KEY (incident_id, seq)
);
CREATE INDEX ix_transition_at ON transition (at);
CREATE TABLE watch (
  network VARCHAR(64) NOT NULL,
  account VARCHAR(190) NOT NULL,
  ci_id INTEGER NOT NULL,
  room VARCHAR(200) NOT NULL,
  since DATETIME NOT NULL,
  CONSTRAINT pk_watch PRIMARY KEY (network, account, ci_id)
);
CREATE INDEX ix_watch_ci_id ON watch (ci_id);

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
  created_at DATETIME NOT NULL, retired_at DATETIME,
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
  ci_id INTEGER, excluded_at DATETIME,
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
CREATE TABLE chances (
  ci_id INTEGER NOT NULL,
  due INTEGER NOT NULL,
  missed INTEGER NOT NULL,
  in_a_row INTEGER NOT NULL,
  allowed_s FLOAT NOT NULL,
  patch_sets TEXT NOT NULL,
  CONSTRAINT pk_chances PRIMARY KEY (ci_id)
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
  updated_at DATETIME NOT NULL, closed_at DATETIME, closed_heard_at DATETIME, unconfirmed_since DATETIME, owner_id INTEGER,
  CONSTRAINT pk_change PRIMARY KEY (id)
);
CREATE INDEX ix_change_closed_heard_at ON change (closed_heard_at);
CREATE INDEX ix_change_number ON change (number);
CREATE INDEX ix_change_project_branch_status_closed_at ON change (project, branch, status, closed_at);
CREATE INDEX ix_change_project_branch_updated_at ON change (project, branch, updated_at);
CREATE INDEX ix_change_project_updated_at ON change (project, updated_at);
CREATE INDEX ix_change_unconfirmed_since ON change (unconfirmed_since);
CREATE TABLE "checkpoint" (
  ci_id INTEGER NOT NULL,
  at DATETIME NOT NULL,
  marked_at DATETIME NOT NULL,
  basis VARCHAR(64) NOT NULL,
  body BLOB NOT NULL,
  CONSTRAINT pk_life PRIMARY KEY (ci_id, at)
);
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
  votes TEXT, heard_at DATETIME,
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
  signals TEXT NOT NULL, branches TEXT,
  CONSTRAINT pk_health PRIMARY KEY (ci_id)
);
CREATE TABLE "incident" (
  id INTEGER NOT NULL,
  ci_id INTEGER NOT NULL,
  severity VARCHAR(16) NOT NULL,
  open_slot SMALLINT,
  body TEXT NOT NULL,
  state VARCHAR(16) NOT NULL,
  opened_at DATETIME,
  resolved_at DATETIME,
  changed_at DATETIME NOT NULL,
  notified BOOLEAN NOT NULL, merged_into BIGINT,
  CONSTRAINT pk_incident PRIMARY KEY (id),
  CONSTRAINT uq_incident_ci_id_open_slot UNIQUE (ci_id, open_slot)
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
  writes BIGINT NOT NULL, pid BIGINT, boot VARCHAR(64), namespace VARCHAR(64),
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
  error TEXT, kind VARCHAR(16) DEFAULT 'alert' NOT NULL, incident_id BIGINT, step VARCHAR(32), group_key VARCHAR(64), account VARCHAR(190), digest_id BIGINT,
  CONSTRAINT pk_outbox PRIMARY KEY (id),
  CONSTRAINT uq_outbox_dedupe_key UNIQUE (dedupe_key)
);
CREATE INDEX ix_outbox_digest_id ON outbox (digest_id);
CREATE INDEX ix_outbox_group_key ON outbox (group_key);
CREATE INDEX ix_outbox_incident_id ON outbox (incident_id);
CREATE INDEX ix_outbox_network_room_created_at ON outbox (network, room, created_at);
CREATE INDEX ix_outbox_state_network_id ON outbox (state, network, id);
CREATE TABLE patch_set (
  change_id BIGINT NOT NULL,
  number INTEGER NOT NULL,
  uploaded_at DATETIME NOT NULL, heard_at DATETIME, kind VARCHAR(40), revision VARCHAR(40), parent VARCHAR(40),
  CONSTRAINT pk_patch_set PRIMARY KEY (change_id, number)
);
CREATE INDEX ix_patch_set_heard_at ON patch_set (heard_at);
CREATE INDEX ix_patch_set_revision ON patch_set (revision);
CREATE INDEX ix_patch_set_uploaded_at ON patch_set (uploaded_at);
CREATE TABLE project_record (
  ci_id INTEGER NOT NULL,
  project VARCHAR(255) NOT NULL,
  place INTEGER,
  first_at DATETIME NOT NULL,
  CONSTRAINT pk_project_record PRIMARY KEY (ci_id, project)
);
CREATE INDEX ix_project_record_ci_id_place ON project_record (ci_id, place);
CREATE INDEX ix_project_record_project ON project_record (project);
CREATE TABLE reference_period (
  project VARCHAR(255) NOT NULL,
  branch VARCHAR(255) NOT NULL,
  since DATETIME NOT NULL,
  ci_id INTEGER,
  CONSTRAINT pk_reference_period PRIMARY KEY (project, branch, since)
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
CREATE TABLE request (
  digest VARCHAR(64) NOT NULL,
  claim VARCHAR(32) NOT NULL,
  at DATETIME NOT NULL,
  CONSTRAINT pk_request PRIMARY KEY (digest)
);
CREATE INDEX ix_request_at ON request (at);
CREATE TABLE rollup (
  ci_id INTEGER NOT NULL,
  day INTEGER NOT NULL,
  project VARCHAR(255) NOT NULL,
  branch VARCHAR(255) NOT NULL,
  noted INTEGER NOT NULL,
  due INTEGER NOT NULL,
  missed INTEGER NOT NULL,
  unheard INTEGER NOT NULL,
  paired INTEGER NOT NULL,
  false_failures INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  false_passes INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  within TEXT NOT NULL,
  took TEXT NOT NULL,
  jobs TEXT NOT NULL,
  CONSTRAINT pk_rollup PRIMARY KEY (ci_id, day, project, branch, noted)
);
CREATE INDEX ix_rollup_ci_id_noted ON rollup (ci_id, noted);
CREATE TABLE set_aside (
  kind VARCHAR(16) NOT NULL,
  name VARCHAR(190) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  since DATETIME NOT NULL,
  at DATETIME NOT NULL,
  CONSTRAINT pk_set_aside PRIMARY KEY (kind, name)
);
CREATE TABLE "silence" (
  id INTEGER NOT NULL,
  pattern VARCHAR(100) NOT NULL,
  since DATETIME NOT NULL,
  until DATETIME NOT NULL,
  made_by VARCHAR(190) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  ended_at DATETIME,
  ended_by VARCHAR(190),
  is_pattern BOOLEAN NOT NULL,
  CONSTRAINT pk_silence PRIMARY KEY (id)
);
CREATE INDEX ix_silence_until ON silence (until);
CREATE TABLE spell (
  ci_id INTEGER NOT NULL,
  signal VARCHAR(32) NOT NULL,
  since DATETIME NOT NULL,
  state VARCHAR(16) NOT NULL,
  until DATETIME,
  CONSTRAINT pk_spell PRIMARY KEY (ci_id, signal, since)
);
CREATE INDEX ix_spell_ci_id_until ON spell (ci_id, until);
CREATE TABLE tally (
  ci_id INTEGER NOT NULL,
  hours SMALLINT NOT NULL,
  start INTEGER NOT NULL,
  lane SMALLINT NOT NULL,
  passes INTEGER NOT NULL,
  fails INTEGER NOT NULL,
  infra INTEGER NOT NULL,
  unjudged INTEGER NOT NULL,
  unparsed INTEGER NOT NULL,
  CONSTRAINT pk_tally PRIMARY KEY (ci_id, hours, start, lane)
);
CREATE TABLE transition (
  incident_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at DATETIME NOT NULL,
  name VARCHAR(32) NOT NULL,
  signal VARCHAR(32), seen TEXT, made_by VARCHAR(190), note TEXT,
  CONSTRAINT pk_transition PRIMARY KEY (incident_id, seq)
);
CREATE INDEX ix_transition_at ON transition (at);
CREATE TABLE unjudged (
  ci_id INTEGER NOT NULL,
  CONSTRAINT pk_unjudged PRIMARY KEY (ci_id)
);
CREATE TABLE watch (
  network VARCHAR(64) NOT NULL,
  account VARCHAR(190) NOT NULL,
  ci_id INTEGER NOT NULL,
  room VARCHAR(200) NOT NULL,
  since DATETIME NOT NULL,
  CONSTRAINT pk_watch PRIMARY KEY (network, account, ci_id)
);
CREATE INDEX ix_watch_ci_id ON watch (ci_id);
CREATE TABLE withdrawal (
  id INTEGER NOT NULL,
  ci_id INTEGER NOT NULL,
  posted_at DATETIME NOT NULL,
  heard_at DATETIME NOT NULL,
  CONSTRAINT pk_withdrawal PRIMARY KEY (id)
);
CREATE INDEX ix_withdrawal_heard_at ON withdrawal (heard_at);

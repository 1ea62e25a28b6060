CREATE TABLE `server` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(64) NOT NULL,
  `url` varchar(500) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_server_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `ci` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(100) NOT NULL,
  `origin` varchar(16) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_ci_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `account` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `server_id` int(11) NOT NULL,
  `identity` varchar(300) NOT NULL,
  `gerrit_id` bigint(20) DEFAULT NULL,
  `username` varchar(255) DEFAULT NULL,
  `name` varchar(255) DEFAULT NULL,
  `email` varchar(255) DEFAULT NULL,
  `service_user` tinyint(1) NOT NULL,
  `ci_id` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_account_server_id_identity` (`server_id`,`identity`),
  KEY `ix_account_server_id_username` (`server_id`,`username`),
  KEY `ix_account_server_id_gerrit_id` (`server_id`,`gerrit_id`),
  KEY `ix_account_ci_id` (`ci_id`),
  CONSTRAINT `fk_account_ci_id` FOREIGN KEY (`ci_id`) REFERENCES `ci` (`id`),
  CONSTRAINT `fk_account_server_id` FOREIGN KEY (`server_id`) REFERENCES `server` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `audit` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `at` datetime(6) NOT NULL,
  `network` varchar(64) NOT NULL,
  `account` varchar(190) DEFAULT NULL,
  `nick` varchar(190) NOT NULL,
  `room` varchar(200) NOT NULL,
  `what` varchar(32) NOT NULL,
  `arguments` varchar(600) NOT NULL,
  `outcome` varchar(1000) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `build` (
  `change_id` bigint(20) NOT NULL,
  `seq` int(11) NOT NULL,
  `idx` smallint(6) NOT NULL,
  `job` varchar(255) NOT NULL,
  `word` varchar(64) NOT NULL,
  `result` varchar(8) NOT NULL,
  `voting` tinyint(1) NOT NULL,
  `duration_s` float DEFAULT NULL,
  `url` text DEFAULT NULL,
  PRIMARY KEY (`change_id`,`seq`,`idx`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `change` (
  `id` bigint(20) NOT NULL,
  `server_id` int(11) NOT NULL,
  `number` bigint(20) NOT NULL,
  `project` varchar(255) NOT NULL,
  `branch` varchar(255) NOT NULL,
  `subject` varchar(500) NOT NULL,
  `status` varchar(16) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  `updated_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_change_project_updated_at` (`project`,`updated_at`),
  KEY `ix_change_number` (`number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `comment` (
  `change_id` bigint(20) NOT NULL,
  `seq` int(11) NOT NULL,
  `account_id` bigint(20) DEFAULT NULL,
  `patch_set` int(11) DEFAULT NULL,
  `posted_at` datetime(6) NOT NULL,
  `message_id` varchar(64) DEFAULT NULL,
  `event_at` datetime(6) DEFAULT NULL,
  `position` int(11) DEFAULT NULL,
  `tag` varchar(255) DEFAULT NULL,
  `digest` bigint(20) NOT NULL,
  `text` mediumtext NOT NULL,
  `votes` text DEFAULT NULL,
  PRIMARY KEY (`change_id`,`seq`),
  UNIQUE KEY `uq_comment_change_id_message_id` (`change_id`,`message_id`),
  KEY `ix_comment_account_id_posted_at` (`account_id`,`posted_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `feed` (
  `server_id` int(11) NOT NULL,
  `name` varchar(190) NOT NULL,
  `cursor` text DEFAULT NULL,
  `heard_at` datetime(6) DEFAULT NULL,
  `failed_at` datetime(6) DEFAULT NULL,
  `error` text DEFAULT NULL,
  `rejected` bigint(20) NOT NULL,
  PRIMARY KEY (`server_id`,`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `health` (
  `ci_id` int(11) NOT NULL,
  `state` varchar(16) NOT NULL,
  `since` datetime(6) DEFAULT NULL,
  `assessed_at` datetime(6) NOT NULL,
  `last_report_at` datetime(6) DEFAULT NULL,
  `signals` mediumtext NOT NULL,
  PRIMARY KEY (`ci_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `incident` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `ci_id` int(11) NOT NULL,
  `kind` varchar(32) NOT NULL,
  `open_slot` smallint(6) DEFAULT NULL,
  `body` mediumtext NOT NULL,
  `state` varchar(16) NOT NULL,
  `opened_at` datetime(6) DEFAULT NULL,
  `resolved_at` datetime(6) DEFAULT NULL,
  `changed_at` datetime(6) NOT NULL,
  `told` tinyint(1) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_incident_ci_id_kind_open_slot` (`ci_id`,`kind`,`open_slot`),
  KEY `ix_incident_opened_at` (`opened_at`),
  KEY `ix_incident_ci_id_changed_at` (`ci_id`,`changed_at`),
  KEY `ix_incident_open_slot_changed_at` (`open_slot`,`changed_at`),
  KEY `ix_incident_resolved_at` (`resolved_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `lease` (
  `name` varchar(64) NOT NULL,
  `owner` varchar(190) NOT NULL,
  `token` bigint(20) NOT NULL,
  `until` datetime(6) NOT NULL,
  `writes` bigint(20) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `outbox` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `dedupe_key` varchar(190) NOT NULL,
  `network` varchar(64) NOT NULL,
  `room` varchar(200) NOT NULL,
  `card` mediumtext NOT NULL,
  `state` varchar(16) NOT NULL,
  `attempts` int(11) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  `not_before` datetime(6) NOT NULL,
  `lease_until` datetime(6) DEFAULT NULL,
  `sent_at` datetime(6) DEFAULT NULL,
  `remote_id` varchar(255) DEFAULT NULL,
  `error` text DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_outbox_dedupe_key` (`dedupe_key`),
  KEY `ix_outbox_state_network_id` (`state`,`network`,`id`),
  KEY `ix_outbox_network_room_created_at` (`network`,`room`,`created_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `patch_set` (
  `change_id` bigint(20) NOT NULL,
  `number` int(11) NOT NULL,
  `uploaded_at` datetime(6) NOT NULL,
  PRIMARY KEY (`change_id`,`number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `report` (
  `change_id` bigint(20) NOT NULL,
  `seq` int(11) NOT NULL,
  `ci_id` int(11) NOT NULL,
  `patch_set` int(11) DEFAULT NULL,
  `posted_at` datetime(6) NOT NULL,
  `pipeline` varchar(100) DEFAULT NULL,
  `outcome` varchar(16) DEFAULT NULL,
  `result` varchar(8) DEFAULT NULL,
  `format` varchar(32) DEFAULT NULL,
  `heard_at` datetime(6) NOT NULL,
  PRIMARY KEY (`change_id`,`seq`),
  KEY `ix_report_heard_at_ci_id` (`heard_at`,`ci_id`),
  KEY `ix_report_ci_id_posted_at` (`ci_id`,`posted_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `silence` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `pattern` varchar(100) NOT NULL,
  `since` datetime(6) NOT NULL,
  `until` datetime(6) NOT NULL,
  `made_by` varchar(190) NOT NULL,
  `reason` varchar(500) NOT NULL,
  `ended_at` datetime(6) DEFAULT NULL,
  `ended_by` varchar(190) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_silence_until` (`until`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `transition` (
  `incident_id` bigint(20) NOT NULL,
  `seq` int(11) NOT NULL,
  `at` datetime(6) NOT NULL,
  `name` varchar(32) NOT NULL,
  `reason` text NOT NULL,
  PRIMARY KEY (`incident_id`,`seq`),
  KEY `ix_transition_at` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `watch` (
  `network` varchar(64) NOT NULL,
  `account` varchar(190) NOT NULL,
  `ci_id` int(11) NOT NULL,
  `room` varchar(200) NOT NULL,
  `since` datetime(6) NOT NULL,
  PRIMARY KEY (`network`,`account`,`ci_id`),
  KEY `ix_watch_ci_id` (`ci_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

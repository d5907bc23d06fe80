BEGIN;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE graphs (
	hash VARCHAR(64) NOT NULL, 
	body BLOB, 
	PRIMARY KEY (hash)
);
CREATE TABLE jobs (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	workflow TEXT NOT NULL, 
	workflow_version INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	typed TEXT NOT NULL, 
	used TEXT NOT NULL, 
	prompt_text TEXT NOT NULL, 
	seed VARCHAR(20), 
	keep BOOLEAN NOT NULL, 
	width INTEGER, 
	height INTEGER, 
	stages TEXT NOT NULL, 
	shown TEXT, 
	state VARCHAR(16) NOT NULL, 
	fraction DOUBLE NOT NULL, 
	problem TEXT, 
	reason TEXT NOT NULL, 
	created DOUBLE NOT NULL, 
	started DOUBLE, 
	ended DOUBLE, 
	version INTEGER NOT NULL, 
	server TEXT DEFAULT '' NOT NULL, 
	graph VARCHAR(64), 
	pictures INTEGER DEFAULT '0' NOT NULL, 
	favourites INTEGER DEFAULT '0' NOT NULL, 
	deleted DOUBLE, 
	UNIQUE (id), 
	FOREIGN KEY(graph) REFERENCES graphs (hash)
);
CREATE INDEX jobs_newest ON jobs (owner, seq) WHERE deleted IS NULL;
CREATE INDEX jobs_with_pictures ON jobs (owner, seq) WHERE deleted IS NULL AND pictures > 0;
CREATE INDEX jobs_with_favourites ON jobs (owner, seq) WHERE deleted IS NULL AND favourites > 0;
CREATE INDEX jobs_of_workflow ON jobs (owner, workflow, seq) WHERE deleted IS NULL;
CREATE INDEX jobs_in_state ON jobs (owner, state, seq) WHERE deleted IS NULL;
CREATE INDEX jobs_open ON jobs (seq) WHERE ended IS NULL;
CREATE INDEX jobs_oldest ON jobs (ended) WHERE deleted IS NULL AND favourites = 0 AND ended IS NOT NULL;
CREATE INDEX jobs_deleted ON jobs (deleted) WHERE deleted IS NOT NULL;
CREATE INDEX jobs_of_graph ON jobs (graph);
CREATE TABLE files (
	hash VARCHAR(64) NOT NULL, 
	size INTEGER NOT NULL, 
	uses INTEGER NOT NULL, 
	PRIMARY KEY (hash)
);
CREATE TABLE results (
	job INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	node_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	file VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	mime TEXT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	name TEXT NOT NULL, 
	text TEXT NOT NULL, 
	recomputed BOOLEAN NOT NULL, 
	favourite BOOLEAN DEFAULT '0' NOT NULL, 
	at DOUBLE NOT NULL, 
	deleted DOUBLE, 
	PRIMARY KEY (job, number), 
	CONSTRAINT results_once UNIQUE (job, node_id, position), 
	FOREIGN KEY(job) REFERENCES jobs (seq) ON DELETE CASCADE, 
	FOREIGN KEY(file) REFERENCES files (hash)
);
CREATE INDEX results_of_file ON results (file);
CREATE INDEX results_deleted ON results (deleted) WHERE deleted IS NOT NULL;
CREATE INDEX files_unused ON files (hash) WHERE uses = 0;
CREATE TABLE attempts (
	job INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	server TEXT NOT NULL, 
	prompt_id TEXT NOT NULL, 
	client_id TEXT NOT NULL, 
	begun DOUBLE NOT NULL, 
	posted DOUBLE, 
	ended DOUBLE, 
	outcome TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (job, number), 
	FOREIGN KEY(job) REFERENCES jobs (seq) ON DELETE CASCADE
);
CREATE TABLE events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	what VARCHAR(16) NOT NULL, 
	detail TEXT NOT NULL, 
	FOREIGN KEY(job) REFERENCES jobs (seq) ON DELETE CASCADE
);
CREATE INDEX events_of_job ON events (job, seq);
CREATE TABLE timings (
	job INTEGER NOT NULL, 
	node_id TEXT NOT NULL, 
	workflow TEXT NOT NULL, 
	workflow_version INTEGER NOT NULL, 
	server TEXT NOT NULL, 
	class_type TEXT NOT NULL, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (job, node_id)
);
CREATE INDEX timings_of_workflow ON timings (workflow, workflow_version, server, job);
CREATE TABLE lines (
	owner TEXT NOT NULL, 
	turn INTEGER NOT NULL, 
	waiting INTEGER NOT NULL, 
	PRIMARY KEY (owner)
);
CREATE INDEX lines_turn ON lines (turn);
CREATE TABLE queue (
	job INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	rank INTEGER NOT NULL, 
	holder TEXT, 
	beat DOUBLE, 
	PRIMARY KEY (job), 
	FOREIGN KEY(job) REFERENCES jobs (seq) ON DELETE CASCADE
);
CREATE INDEX queue_waiting ON queue (owner, rank) WHERE holder IS NULL;
CREATE VIRTUAL TABLE search USING fts5(words, tokenize='ascii', prefix='1 2 3', detail=none);
INSERT INTO alembic_version ("version_num") VALUES ('0001');
INSERT INTO graphs ("hash", "body") VALUES ('8ff57cc4fd455ee4af98763a9fd5e040448329327409f26706ff854f4b2c5130', X'789C8BAE563256B2AA564ACE492C2E8E2FA92C4855B252F20E4ECC2DC8492D52D251CACC2B282D2906A9284E4D4D51B232D451CACD4F49CD51B28A563251D23188ADADAD8D05001894164E');
INSERT INTO jobs ("seq", "id", "owner", "workflow", "workflow_version", "title", "typed", "used", "prompt_text", "seed", "keep", "width", "height", "stages", "shown", "state", "fraction", "problem", "reason", "created", "started", "ended", "version", "server", "graph", "pictures", "favourites", "deleted") VALUES (1, 'done', 'ann', 'txt2img', 0, 'Text to image', '{"prompt":"a red fox"}', '{}', 'a red fox', NULL, 0, NULL, NULL, '[]', NULL, 'succeeded', 1.0, NULL, '', 1700000000.0, NULL, 1700000000.0, 4, 'http://one:8188', '8ff57cc4fd455ee4af98763a9fd5e040448329327409f26706ff854f4b2c5130', 2, 1, NULL);
INSERT INTO jobs ("seq", "id", "owner", "workflow", "workflow_version", "title", "typed", "used", "prompt_text", "seed", "keep", "width", "height", "stages", "shown", "state", "fraction", "problem", "reason", "created", "started", "ended", "version", "server", "graph", "pictures", "favourites", "deleted") VALUES (2, 'waiting', 'ann', 'txt2img', 0, 'Text to image', '{}', '{}', '東京の猫', '18446744073709551615', 0, NULL, NULL, '[]', NULL, 'queued', 0.0, NULL, '', 1700000001.0, NULL, NULL, 0, '', '8ff57cc4fd455ee4af98763a9fd5e040448329327409f26706ff854f4b2c5130', 0, 0, NULL);
INSERT INTO files ("hash", "size", "uses") VALUES ('a000000000000000000000000000000000000000000000000000000000000000', 100, 1);
INSERT INTO files ("hash", "size", "uses") VALUES ('b000000000000000000000000000000000000000000000000000000000000000', 100, 1);
INSERT INTO results ("job", "number", "node_id", "position", "file", "kind", "mime", "width", "height", "size", "stage", "name", "text", "recomputed", "favourite", "at", "deleted") VALUES (1, 0, '9', 0, 'a000000000000000000000000000000000000000000000000000000000000000', 'image', 'image/png', 64, 32, 100, 'Picture', '', '', 0, 0, 1700000000.0, NULL);
INSERT INTO results ("job", "number", "node_id", "position", "file", "kind", "mime", "width", "height", "size", "stage", "name", "text", "recomputed", "favourite", "at", "deleted") VALUES (1, 1, '9', 1, 'b000000000000000000000000000000000000000000000000000000000000000', 'image', 'image/png', 64, 32, 100, 'Picture', '', '', 0, 1, 1700000000.0, NULL);
INSERT INTO attempts ("job", "number", "round", "server", "prompt_id", "client_id", "begun", "posted", "ended", "outcome") VALUES (1, 1, 0, 'http://one:8188', 'prompt-1', 'client-1', 1700000000.0, NULL, 1700000000.0, 'finished');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (1, 1, 1700000000.0, 'queued', '{}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (2, 1, 1700000000.0, 'attempt', '{"attempt":1,"server":"http://one:8188","prompt_id":"prompt-1"}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (3, 1, 1700000000.0, 'submitted', '{}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (4, 1, 1700000000.0, 'result', '{"number":0,"file":"a000000000000000000000000000000000000000000000000000000000000000"}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (5, 1, 1700000000.0, 'result', '{"number":1,"file":"b000000000000000000000000000000000000000000000000000000000000000"}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (6, 1, 1700000000.0, 'attempt_ended', '{"attempt":1,"outcome":"finished"}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (7, 1, 1700000000.0, 'succeeded', '{"fraction":1.0,"ended":1700000000.0}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (8, 1, 1700000000.0, 'favourite', '{"file":"b000000000000000000000000000000000000000000000000000000000000000","favourite":true}');
INSERT INTO events ("seq", "job", "at", "what", "detail") VALUES (9, 2, 1700000001.0, 'queued', '{}');
INSERT INTO timings ("job", "node_id", "workflow", "workflow_version", "server", "class_type", "seconds") VALUES (1, '3', 'txt2img', 0, 'http://one:8188', 'KSampler', 1.5);
INSERT INTO lines ("owner", "turn", "waiting") VALUES ('ann', 1, 1);
INSERT INTO queue ("job", "owner", "rank", "holder", "beat") VALUES (2, 'ann', 2, NULL, NULL);
INSERT INTO search (rowid, words) VALUES (1, '49915e0d7d4b402e a red fox');
INSERT INTO search (rowid, words) VALUES (2, '49915e0d7d4b402e 東京 京の の猫 猫');
COMMIT;

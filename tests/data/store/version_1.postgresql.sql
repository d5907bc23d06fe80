CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.attempts (
    job bigint NOT NULL,
    number integer NOT NULL,
    round integer NOT NULL,
    server text NOT NULL,
    prompt_id text NOT NULL,
    client_id text NOT NULL,
    begun double precision NOT NULL,
    posted double precision,
    ended double precision,
    outcome text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.events (
    seq bigint NOT NULL,
    job bigint NOT NULL,
    at double precision NOT NULL,
    what character varying(16) NOT NULL,
    detail text NOT NULL
);
CREATE SEQUENCE public.events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.events_seq_seq OWNED BY public.events.seq;
CREATE TABLE public.files (
    hash character varying(64) NOT NULL,
    size bigint NOT NULL,
    uses integer NOT NULL
);
CREATE TABLE public.graphs (
    hash character varying(64) NOT NULL,
    body bytea
);
CREATE TABLE public.jobs (
    seq bigint NOT NULL,
    id text NOT NULL,
    owner text NOT NULL,
    workflow text NOT NULL,
    workflow_version integer NOT NULL,
    title text NOT NULL,
    typed text NOT NULL,
    used text NOT NULL,
    prompt_text text NOT NULL,
    seed character varying(20),
    keep boolean NOT NULL,
    width integer,
    height integer,
    stages text NOT NULL,
    shown text,
    state character varying(16) NOT NULL,
    fraction double precision NOT NULL,
    problem text,
    reason text NOT NULL,
    created double precision NOT NULL,
    started double precision,
    ended double precision,
    version integer NOT NULL,
    server text DEFAULT ''::text NOT NULL,
    graph character varying(64),
    pictures integer DEFAULT 0 NOT NULL,
    favourites integer DEFAULT 0 NOT NULL,
    deleted double precision
);
CREATE SEQUENCE public.jobs_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.jobs_seq_seq OWNED BY public.jobs.seq;
CREATE TABLE public.lines (
    owner text NOT NULL,
    turn bigint NOT NULL,
    waiting integer NOT NULL
);
CREATE TABLE public.queue (
    job bigint NOT NULL,
    owner text NOT NULL,
    rank bigint NOT NULL,
    holder text,
    beat double precision
);
CREATE TABLE public.results (
    job bigint NOT NULL,
    number integer NOT NULL,
    node_id text NOT NULL,
    "position" integer NOT NULL,
    file character varying(64) NOT NULL,
    kind character varying(16) NOT NULL,
    mime text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    size bigint NOT NULL,
    stage text NOT NULL,
    name text NOT NULL,
    text text NOT NULL,
    recomputed boolean NOT NULL,
    favourite boolean DEFAULT false NOT NULL,
    at double precision NOT NULL,
    deleted double precision
);
CREATE TABLE public.search (
    job bigint NOT NULL,
    words tsvector NOT NULL
);
CREATE TABLE public.timings (
    job bigint NOT NULL,
    node_id text NOT NULL,
    workflow text NOT NULL,
    workflow_version integer NOT NULL,
    server text NOT NULL,
    class_type text NOT NULL,
    seconds double precision NOT NULL
);
ALTER TABLE ONLY public.events ALTER COLUMN seq SET DEFAULT nextval('public.events_seq_seq'::regclass);
ALTER TABLE ONLY public.jobs ALTER COLUMN seq SET DEFAULT nextval('public.jobs_seq_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.attempts VALUES (1, 1, 0, 'http://one:8188', 'prompt-1', 'client-1', 1700000000, NULL, 1700000000, 'finished');
INSERT INTO public.events VALUES (1, 1, 1700000000, 'queued', '{}');
INSERT INTO public.events VALUES (2, 1, 1700000000, 'attempt', '{"attempt":1,"server":"http://one:8188","prompt_id":"prompt-1"}');
INSERT INTO public.events VALUES (3, 1, 1700000000, 'submitted', '{}');
INSERT INTO public.events VALUES (4, 1, 1700000000, 'result', '{"number":0,"file":"a000000000000000000000000000000000000000000000000000000000000000"}');
INSERT INTO public.events VALUES (5, 1, 1700000000, 'result', '{"number":1,"file":"b000000000000000000000000000000000000000000000000000000000000000"}');
INSERT INTO public.events VALUES (6, 1, 1700000000, 'attempt_ended', '{"attempt":1,"outcome":"finished"}');
INSERT INTO public.events VALUES (7, 1, 1700000000, 'succeeded', '{"fraction":1.0,"ended":1700000000.0}');
INSERT INTO public.events VALUES (8, 1, 1700000000, 'favourite', '{"file":"b000000000000000000000000000000000000000000000000000000000000000","favourite":true}');
INSERT INTO public.events VALUES (9, 2, 1700000001, 'queued', '{}');
INSERT INTO public.files VALUES ('a000000000000000000000000000000000000000000000000000000000000000', 100, 1);
INSERT INTO public.files VALUES ('b000000000000000000000000000000000000000000000000000000000000000', 100, 1);
INSERT INTO public.graphs VALUES ('8ff57cc4fd455ee4af98763a9fd5e040448329327409f26706ff854f4b2c5130', '\x789c8bae563256b2aa564ace492c2e8e2fa92c4855b252f20e4ecc2dc8492d52d251cacc2b282d2906a9284e4d4d51b232d451cacd4f49cd51b28a563251d23188adadad8d05001894164e');
INSERT INTO public.jobs VALUES (1, 'done', 'ann', 'txt2img', 0, 'Text to image', '{"prompt":"a red fox"}', '{}', 'a red fox', NULL, false, NULL, NULL, '[]', NULL, 'succeeded', 1, NULL, '', 1700000000, NULL, 1700000000, 4, 'http://one:8188', '8ff57cc4fd455ee4af98763a9fd5e040448329327409f26706ff854f4b2c5130', 2, 1, NULL);
INSERT INTO public.jobs VALUES (2, 'waiting', 'ann', 'txt2img', 0, 'Text to image', '{}', '{}', '東京の猫', '18446744073709551615', false, NULL, NULL, '[]', NULL, 'queued', 0, NULL, '', 1700000001, NULL, NULL, 0, '', '8ff57cc4fd455ee4af98763a9fd5e040448329327409f26706ff854f4b2c5130', 0, 0, NULL);
INSERT INTO public.lines VALUES ('ann', 1, 1);
INSERT INTO public.queue VALUES (2, 'ann', 2, NULL, NULL);
INSERT INTO public.results VALUES (1, 0, '9', 0, 'a000000000000000000000000000000000000000000000000000000000000000', 'image', 'image/png', 64, 32, 100, 'Picture', '', '', false, false, 1700000000, NULL);
INSERT INTO public.results VALUES (1, 1, '9', 1, 'b000000000000000000000000000000000000000000000000000000000000000', 'image', 'image/png', 64, 32, 100, 'Picture', '', '', false, true, 1700000000, NULL);
INSERT INTO public.search VALUES (1, '''a'' ''fox'' ''red'' ''49915e0d7d4b402e''');
INSERT INTO public.search VALUES (2, '''の猫'' ''京の'' ''東京'' ''猫'' ''49915e0d7d4b402e''');
INSERT INTO public.timings VALUES (1, '3', 'txt2img', 0, 'http://one:8188', 'KSampler', 1.5);
SELECT pg_catalog.setval('public.events_seq_seq', 9, true);
SELECT pg_catalog.setval('public.jobs_seq_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (job, number);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.graphs
    ADD CONSTRAINT graphs_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_id_key UNIQUE (id);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.lines
    ADD CONSTRAINT lines_pkey PRIMARY KEY (owner);
ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (job);
ALTER TABLE ONLY public.results
    ADD CONSTRAINT results_once UNIQUE (job, node_id, "position");
ALTER TABLE ONLY public.results
    ADD CONSTRAINT results_pkey PRIMARY KEY (job, number);
ALTER TABLE ONLY public.search
    ADD CONSTRAINT search_pkey PRIMARY KEY (job);
ALTER TABLE ONLY public.timings
    ADD CONSTRAINT timings_pkey PRIMARY KEY (job, node_id);
CREATE INDEX events_of_job ON public.events USING btree (job, seq);
CREATE INDEX files_unused ON public.files USING btree (hash) WHERE (uses = 0);
CREATE INDEX jobs_deleted ON public.jobs USING btree (deleted) WHERE (deleted IS NOT NULL);
CREATE INDEX jobs_in_state ON public.jobs USING btree (owner, state, seq) WHERE (deleted IS NULL);
CREATE INDEX jobs_newest ON public.jobs USING btree (owner, seq) WHERE (deleted IS NULL);
CREATE INDEX jobs_of_graph ON public.jobs USING btree (graph);
CREATE INDEX jobs_of_workflow ON public.jobs USING btree (owner, workflow, seq) WHERE (deleted IS NULL);
CREATE INDEX jobs_oldest ON public.jobs USING btree (ended) WHERE ((deleted IS NULL) AND (favourites = 0) AND (ended IS NOT NULL));
CREATE INDEX jobs_open ON public.jobs USING btree (seq) WHERE (ended IS NULL);
CREATE INDEX jobs_with_favourites ON public.jobs USING btree (owner, seq) WHERE ((deleted IS NULL) AND (favourites > 0));
CREATE INDEX jobs_with_pictures ON public.jobs USING btree (owner, seq) WHERE ((deleted IS NULL) AND (pictures > 0));
CREATE INDEX lines_turn ON public.lines USING btree (turn);
CREATE INDEX queue_waiting ON public.queue USING btree (owner, rank) WHERE (holder IS NULL);
CREATE INDEX results_deleted ON public.results USING btree (deleted) WHERE (deleted IS NOT NULL);
CREATE INDEX results_of_file ON public.results USING btree (file);
CREATE INDEX search_words ON public.search USING gin (words) WITH (fastupdate=off);
CREATE INDEX timings_of_workflow ON public.timings USING btree (workflow, workflow_version, server, job);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_job_fkey FOREIGN KEY (job) REFERENCES public.jobs(seq) ON DELETE CASCADE;
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_job_fkey FOREIGN KEY (job) REFERENCES public.jobs(seq) ON DELETE CASCADE;
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_graph_fkey FOREIGN KEY (graph) REFERENCES public.graphs(hash);
ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_job_fkey FOREIGN KEY (job) REFERENCES public.jobs(seq) ON DELETE CASCADE;
ALTER TABLE ONLY public.results
    ADD CONSTRAINT results_file_fkey FOREIGN KEY (file) REFERENCES public.files(hash);
ALTER TABLE ONLY public.results
    ADD CONSTRAINT results_job_fkey FOREIGN KEY (job) REFERENCES public.jobs(seq) ON DELETE CASCADE;

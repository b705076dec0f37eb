PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE events (
                     seq  INTEGER PRIMARY KEY AUTOINCREMENT,
                     run  TEXT NOT NULL,
                     unit TEXT,
                     at   INTEGER NOT NULL,
                     fact TEXT NOT NULL
                 ) STRICT;
INSERT INTO events VALUES(1,'20261121-qfvz',NULL,1795252335833,'{"fact":"started","instruction":"from var to let","base":"67a070c6531d946a9394021812483d8541efd63b","base_name":"HEAD","agent":"codemod: rewrite ''var $A = $B'' → ''let $A = $B'' in js","forge":"this repository","remote":null,"goal":"pull-requests","dir":"/home/ada/repo","jobs":1,"version":"0.1.0","pid":10547,"units":[{"id":"01-packages-p0-index-js","title":"packages/p0/index.js","needs":[],"files":1,"lines":1},{"id":"02-packages-p1-index-js","title":"packages/p1/index.js","needs":[],"files":1,"lines":1}]}');
INSERT INTO events VALUES(2,'20261121-qfvz','01-packages-p0-index-js',1795252335837,'{"fact":"step-started","step":"worktree"}');
INSERT INTO events VALUES(3,'20261121-qfvz','01-packages-p0-index-js',1795252335854,'{"fact":"worktree-ready","path":"/home/ada/repo.batch/20261121-qfvz/01-packages-p0-index-js","branch":"batch/20261121-qfvz/01-packages-p0-index-js","start":"67a070c6531d946a9394021812483d8541efd63b"}');
INSERT INTO events VALUES(4,'20261121-qfvz','01-packages-p0-index-js',1795252335855,'{"fact":"prepared","tree":"92dce2805feaa2a16ae2e135dba3f633fddec38f"}');
INSERT INTO events VALUES(5,'20261121-qfvz','01-packages-p0-index-js',1795252335856,'{"fact":"step-started","step":"agent"}');
INSERT INTO events VALUES(6,'20261121-qfvz','01-packages-p0-index-js',1795252335857,'{"fact":"agent-finished","took_ms":0,"summary":"Rewrote 1 place in 1 file."}');
INSERT INTO events VALUES(7,'20261121-qfvz','01-packages-p0-index-js',1795252335858,'{"fact":"step-started","step":"scope"}');
INSERT INTO events VALUES(8,'20261121-qfvz','01-packages-p0-index-js',1795252335878,'{"fact":"scope-proven","tree":"1d08720fbbe5b337647fa47413396691fe481980","changes":{"files":1,"insertions":1,"deletions":1}}');
INSERT INTO events VALUES(9,'20261121-qfvz','01-packages-p0-index-js',1795252335878,'{"fact":"step-started","step":"commit"}');
INSERT INTO events VALUES(10,'20261121-qfvz','02-packages-p1-index-js',1795252335880,'{"fact":"step-started","step":"worktree"}');
INSERT INTO events VALUES(11,'20261121-qfvz','02-packages-p1-index-js',1795252335887,'{"fact":"worktree-ready","path":"/home/ada/repo.batch/20261121-qfvz/02-packages-p1-index-js","branch":"batch/20261121-qfvz/02-packages-p1-index-js","start":"67a070c6531d946a9394021812483d8541efd63b"}');
INSERT INTO events VALUES(12,'20261121-qfvz','02-packages-p1-index-js',1795252335889,'{"fact":"prepared","tree":"92dce2805feaa2a16ae2e135dba3f633fddec38f"}');
INSERT INTO events VALUES(13,'20261121-qfvz','01-packages-p0-index-js',1795252335893,'{"fact":"committed","commit":"d584f67271201d91ce523de23ec907fa892d6f1b"}');
INSERT INTO events VALUES(14,'20261121-qfvz','02-packages-p1-index-js',1795252335897,'{"fact":"step-started","step":"agent"}');
INSERT INTO events VALUES(15,'20261121-qfvz','01-packages-p0-index-js',1795252335899,'{"fact":"step-started","step":"pull-request"}');
INSERT INTO events VALUES(16,'20261121-qfvz','02-packages-p1-index-js',1795252335901,'{"fact":"agent-finished","took_ms":0,"summary":"Rewrote 1 place in 1 file."}');
INSERT INTO events VALUES(17,'20261121-qfvz','02-packages-p1-index-js',1795252335902,'{"fact":"step-started","step":"scope"}');
INSERT INTO events VALUES(18,'20261121-qfvz','01-packages-p0-index-js',1795252335905,'{"fact":"pull-request-opened","number":1,"url":"/home/ada/repo/.git/batch/runs/20261121-qfvz/prs/01-packages-p0-index-js.md","existed":false}');
INSERT INTO events VALUES(19,'20261121-qfvz','01-packages-p0-index-js',1795252335907,'{"fact":"ended","outcome":{"kind":"published"}}');
INSERT INTO events VALUES(20,'20261121-qfvz','02-packages-p1-index-js',1795252335912,'{"fact":"scope-proven","tree":"7d73baecb21bf41259ea447a4aaf28c99d69154c","changes":{"files":1,"insertions":1,"deletions":1}}');
INSERT INTO events VALUES(21,'20261121-qfvz','02-packages-p1-index-js',1795252335921,'{"fact":"step-started","step":"commit"}');
INSERT INTO events VALUES(22,'20261121-qfvz','02-packages-p1-index-js',1795252335941,'{"fact":"committed","commit":"fd86e243b39646c262ad92aa017ddc2201373aa1"}');
INSERT INTO events VALUES(23,'20261121-qfvz','02-packages-p1-index-js',1795252335942,'{"fact":"step-started","step":"pull-request"}');
INSERT INTO events VALUES(24,'20261121-qfvz','02-packages-p1-index-js',1795252335943,'{"fact":"pull-request-opened","number":2,"url":"/home/ada/repo/.git/batch/runs/20261121-qfvz/prs/02-packages-p1-index-js.md","existed":false}');
INSERT INTO events VALUES(25,'20261121-qfvz','02-packages-p1-index-js',1795252335946,'{"fact":"ended","outcome":{"kind":"published"}}');
INSERT INTO events VALUES(26,'20261121-qfvz',NULL,1795252335958,'{"fact":"ended"}');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('events',26);
CREATE INDEX events_of_a_run ON events (run, seq);
COMMIT;
PRAGMA user_version=1;

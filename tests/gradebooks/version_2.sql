PRAGMA application_id = 1196572996;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('2');
CREATE TABLE extensions (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	assignment VARCHAR NOT NULL, 
	student VARCHAR, 
	section VARCHAR, 
	due VARCHAR, 
	who VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	why VARCHAR NOT NULL, 
	CONSTRAINT one_or_many CHECK (student IS NULL OR section IS NULL)
);
CREATE TABLE grades (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	submission VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	score FLOAT NOT NULL, 
	points FLOAT NOT NULL, 
	bonus FLOAT NOT NULL, 
	assignment_digest VARCHAR NOT NULL, 
	graded_at VARCHAR NOT NULL, 
	grade VARCHAR NOT NULL, who VARCHAR DEFAULT '' NOT NULL, why VARCHAR DEFAULT '' NOT NULL, 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO "grades" VALUES(1,'20261123T100000Z-037ea1416957f810','pending',0.0,1.0,0.1,'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-23T10:00:00.123456+00:00','{"assignment": "focal-loss", "bonus": "1/10", "bonus_points": "0", "deferred": "0", "diagnoses": [], "diagnosis_fault": null, "environment": {}, "fault": null, "note": null, "output": "\u00e9", "points": "1", "questions": [{"answer": null, "asked": null, "bonus": "0", "bonus_points": "0", "checks": [{"bonus": false, "deferred": false, "detail": null, "device": "cpu", "figure": null, "frames": [{"file": "focal_loss.py", "function": "focal", "line": 3, "source": "return 1"}], "hint": null, "id": "test_value", "message": null, "outcome": "passed", "points": "1", "score": "0", "title": "It is right", "visibility": "hidden"}], "deferred": "0", "expected": null, "feedback": null, "id": "focal", "kind": "code", "message": null, "points": "1", "score": "0", "status": "graded", "title": "Focal"}], "score": "0", "status": "pending", "title": "Focal loss"}','','');
INSERT INTO "grades" VALUES(2,'20261123T100000Z-037ea1416957f810','graded',3.33333333333333314829e-01,1.0,0.1,'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-23T10:00:00.123456+00:00','{"assignment": "focal-loss", "bonus": "1/10", "bonus_points": "0", "deferred": "0", "diagnoses": [], "diagnosis_fault": null, "environment": {}, "fault": null, "note": null, "output": "\u00e9", "points": "1", "questions": [{"answer": null, "asked": null, "bonus": "0", "bonus_points": "0", "checks": [{"bonus": false, "deferred": false, "detail": null, "device": "cpu", "figure": null, "frames": [{"file": "focal_loss.py", "function": "focal", "line": 3, "source": "return 1"}], "hint": null, "id": "test_value", "message": null, "outcome": "passed", "points": "1", "score": "1/3", "title": "It is right", "visibility": "hidden"}], "deferred": "0", "expected": null, "feedback": null, "id": "focal", "kind": "code", "message": null, "points": "1", "score": "1/3", "status": "graded", "title": "Focal"}], "score": "1/3", "status": "graded", "title": "Focal loss"}','','');
INSERT INTO "grades" VALUES(3,'20261123T110000Z-b730aff8cec70b5a','graded',1.0,1.0,0.1,'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-23T10:00:00.123456+00:00','{"assignment": "focal-loss", "bonus": "1/10", "bonus_points": "0", "deferred": "0", "diagnoses": [], "diagnosis_fault": null, "environment": {}, "fault": null, "note": null, "output": "\u00e9", "points": "1", "questions": [{"answer": null, "asked": null, "bonus": "0", "bonus_points": "0", "checks": [{"bonus": false, "deferred": false, "detail": null, "device": "cpu", "figure": null, "frames": [{"file": "focal_loss.py", "function": "focal", "line": 3, "source": "return 1"}], "hint": null, "id": "test_value", "message": null, "outcome": "passed", "points": "1", "score": "1", "title": "It is right", "visibility": "hidden"}], "deferred": "0", "expected": null, "feedback": null, "id": "focal", "kind": "code", "message": null, "points": "1", "score": "1", "status": "graded", "title": "Focal"}], "score": "1", "status": "graded", "title": "Focal loss"}','','');
CREATE TABLE marks (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	submission VARCHAR NOT NULL, 
	question VARCHAR NOT NULL, 
	score VARCHAR, 
	rubric VARCHAR NOT NULL, 
	comment VARCHAR, 
	who VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
CREATE TABLE members (
	submission VARCHAR NOT NULL, 
	student VARCHAR NOT NULL, 
	PRIMARY KEY (submission, student), 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
CREATE TABLE overrides (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	student VARCHAR NOT NULL, 
	assignment VARCHAR NOT NULL, 
	score VARCHAR, 
	who VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	why VARCHAR NOT NULL
);
CREATE TABLE rosters (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	roster VARCHAR NOT NULL, 
	students INTEGER NOT NULL, 
	who VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	why VARCHAR NOT NULL
);
CREATE TABLE submissions (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	student VARCHAR NOT NULL, 
	assignment VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	digest VARCHAR NOT NULL, 
	submitted_at VARCHAR NOT NULL, who VARCHAR DEFAULT '' NOT NULL, drawn_for VARCHAR, 
	UNIQUE (student, assignment, number), 
	UNIQUE (id)
);
INSERT INTO "submissions" VALUES(1,'20261123T100000Z-037ea1416957f810','ada','focal-loss',1,'sha256:b64993763bcbc76ed7a5fb91d4e11d06aab9a07ecbb37762810a1d3c64f56bf0','2026-11-23T10:00:00.123456+00:00','',NULL);
INSERT INTO "submissions" VALUES(2,'20261123T110000Z-b730aff8cec70b5a','00123','focal-loss',1,'sha256:b64993763bcbc76ed7a5fb91d4e11d06aab9a07ecbb37762810a1d3c64f56bf0','2026-11-23T11:00:00.123456+00:00','',NULL);
INSERT INTO "submissions" VALUES(3,'20261124T100000Z-a307380c29eda10c','ada','focal-loss',2,'sha256:b64993763bcbc76ed7a5fb91d4e11d06aab9a07ecbb37762810a1d3c64f56bf0','2026-11-24T10:00:00.123456+00:00','',NULL);
CREATE INDEX ix_grades_submission ON grades (submission);
CREATE TRIGGER submissions_stay BEFORE UPDATE ON submissions BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: submissions are never changed'); END;
CREATE TRIGGER submissions_remain BEFORE DELETE ON submissions BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: submissions are never changed'); END;
CREATE TRIGGER submissions_are_added BEFORE INSERT ON submissions WHEN EXISTS (SELECT 1 FROM submissions WHERE sequence = NEW.sequence OR id = NEW.id OR (student = NEW.student AND assignment = NEW.assignment AND number = NEW.number)) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: submissions are never changed'); END;
CREATE TRIGGER grades_stay BEFORE UPDATE ON grades BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: grades are never changed'); END;
CREATE TRIGGER grades_remain BEFORE DELETE ON grades BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: grades are never changed'); END;
CREATE TRIGGER grades_are_added BEFORE INSERT ON grades WHEN EXISTS (SELECT 1 FROM grades WHERE sequence = NEW.sequence) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: grades are never changed'); END;
CREATE INDEX ix_members_student ON members (student);
CREATE TRIGGER members_stay BEFORE UPDATE ON members BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: members are never changed'); END;
CREATE TRIGGER members_remain BEFORE DELETE ON members BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: members are never changed'); END;
CREATE TRIGGER members_are_added BEFORE INSERT ON members WHEN EXISTS (SELECT 1 FROM members WHERE submission = NEW.submission AND student = NEW.student) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: members are never changed'); END;
CREATE INDEX ix_marks_submission ON marks (submission);
CREATE TRIGGER extensions_stay BEFORE UPDATE ON extensions BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: extensions are never changed'); END;
CREATE TRIGGER extensions_remain BEFORE DELETE ON extensions BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: extensions are never changed'); END;
CREATE TRIGGER extensions_are_added BEFORE INSERT ON extensions WHEN EXISTS (SELECT 1 FROM extensions WHERE sequence = NEW.sequence) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: extensions are never changed'); END;
CREATE TRIGGER overrides_stay BEFORE UPDATE ON overrides BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: overrides are never changed'); END;
CREATE TRIGGER overrides_remain BEFORE DELETE ON overrides BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: overrides are never changed'); END;
CREATE TRIGGER overrides_are_added BEFORE INSERT ON overrides WHEN EXISTS (SELECT 1 FROM overrides WHERE sequence = NEW.sequence) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: overrides are never changed'); END;
CREATE TRIGGER marks_stay BEFORE UPDATE ON marks BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: marks are never changed'); END;
CREATE TRIGGER marks_remain BEFORE DELETE ON marks BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: marks are never changed'); END;
CREATE TRIGGER marks_are_added BEFORE INSERT ON marks WHEN EXISTS (SELECT 1 FROM marks WHERE sequence = NEW.sequence) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: marks are never changed'); END;
CREATE TRIGGER rosters_stay BEFORE UPDATE ON rosters BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: rosters are never changed'); END;
CREATE TRIGGER rosters_remain BEFORE DELETE ON rosters BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: rosters are never changed'); END;
CREATE TRIGGER rosters_are_added BEFORE INSERT ON rosters WHEN EXISTS (SELECT 1 FROM rosters WHERE sequence = NEW.sequence) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: rosters are never changed'); END;
CREATE VIEW trail AS
SELECT submitted_at AS at, who, 'submission' AS what, student, assignment, id AS submission,
    'attempt ' || number AS detail, '' AS why
  FROM submissions
UNION ALL
SELECT g.graded_at, g.who, 'grade', s.student, s.assignment, s.id,
    CASE g.status WHEN 'pending' THEN 'pending' ELSE
      printf('%g of %g', round(g.score, 2), round(g.points, 2))
      || CASE WHEN g.bonus > 0 THEN printf(' + %g', round(g.bonus, 2)) ELSE '' END
      || CASE g.status WHEN 'graded' THEN '' ELSE ', ' || replace(g.status, '_', ' ') END
    END,
    g.why
  FROM grades AS g JOIN submissions AS s ON s.id = g.submission
UNION ALL
SELECT at, who, 'extension', coalesce(student, 'section ' || section, 'everybody'), assignment, NULL,
    coalesce('until ' || replace(substr(due, 1, 16), 'T', ' ') || ' UTC', 'taken back'), why
  FROM extensions
UNION ALL
SELECT at, who, 'override', student, assignment, NULL, coalesce('score ' || score, 'taken back'), why
  FROM overrides
UNION ALL
SELECT m.at, m.who, 'mark', s.student, s.assignment, s.id, m.question || ': ' || coalesce(m.score, 'taken back'),
    coalesce(m.comment, '')
  FROM marks AS m JOIN submissions AS s ON s.id = m.submission
UNION ALL
SELECT at, who, 'roster', NULL, NULL, NULL, students || ' students', why
  FROM rosters;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('submissions',3);
INSERT INTO "sqlite_sequence" VALUES('grades',3);
COMMIT;

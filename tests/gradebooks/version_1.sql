BEGIN TRANSACTION;
CREATE TABLE grades (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	submission VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	score FLOAT NOT NULL, 
	points FLOAT NOT NULL, 
	bonus FLOAT NOT NULL, 
	assignment_digest VARCHAR NOT NULL, 
	graded_at VARCHAR NOT NULL, 
	grade VARCHAR NOT NULL, 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO "grades" VALUES(1,'20261123T100000Z-037ea1416957f810','pending',0.0,1.0,0.1,'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-23T10:00:00.123456+00:00','{"assignment": "focal-loss", "bonus": "1/10", "bonus_points": "0", "deferred": "0", "diagnoses": [], "diagnosis_fault": null, "environment": {}, "fault": null, "note": null, "output": "\u00e9", "points": "1", "questions": [{"answer": null, "asked": null, "bonus": "0", "bonus_points": "0", "checks": [{"bonus": false, "deferred": false, "detail": null, "device": "cpu", "figure": null, "frames": [{"file": "focal_loss.py", "function": "focal", "line": 3, "source": "return 1"}], "hint": null, "id": "test_value", "message": null, "outcome": "passed", "points": "1", "score": "0", "title": "It is right", "visibility": "hidden"}], "deferred": "0", "expected": null, "feedback": null, "id": "focal", "kind": "code", "message": null, "points": "1", "score": "0", "status": "graded", "title": "Focal"}], "score": "0", "status": "pending", "title": "Focal loss"}');
INSERT INTO "grades" VALUES(2,'20261123T100000Z-037ea1416957f810','graded',3.33333333333333314829e-01,1.0,0.1,'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-23T10:00:00.123456+00:00','{"assignment": "focal-loss", "bonus": "1/10", "bonus_points": "0", "deferred": "0", "diagnoses": [], "diagnosis_fault": null, "environment": {}, "fault": null, "note": null, "output": "\u00e9", "points": "1", "questions": [{"answer": null, "asked": null, "bonus": "0", "bonus_points": "0", "checks": [{"bonus": false, "deferred": false, "detail": null, "device": "cpu", "figure": null, "frames": [{"file": "focal_loss.py", "function": "focal", "line": 3, "source": "return 1"}], "hint": null, "id": "test_value", "message": null, "outcome": "passed", "points": "1", "score": "1/3", "title": "It is right", "visibility": "hidden"}], "deferred": "0", "expected": null, "feedback": null, "id": "focal", "kind": "code", "message": null, "points": "1", "score": "1/3", "status": "graded", "title": "Focal"}], "score": "1/3", "status": "graded", "title": "Focal loss"}');
INSERT INTO "grades" VALUES(3,'20261123T110000Z-b730aff8cec70b5a','graded',1.0,1.0,0.1,'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-23T10:00:00.123456+00:00','{"assignment": "focal-loss", "bonus": "1/10", "bonus_points": "0", "deferred": "0", "diagnoses": [], "diagnosis_fault": null, "environment": {}, "fault": null, "note": null, "output": "\u00e9", "points": "1", "questions": [{"answer": null, "asked": null, "bonus": "0", "bonus_points": "0", "checks": [{"bonus": false, "deferred": false, "detail": null, "device": "cpu", "figure": null, "frames": [{"file": "focal_loss.py", "function": "focal", "line": 3, "source": "return 1"}], "hint": null, "id": "test_value", "message": null, "outcome": "passed", "points": "1", "score": "1", "title": "It is right", "visibility": "hidden"}], "deferred": "0", "expected": null, "feedback": null, "id": "focal", "kind": "code", "message": null, "points": "1", "score": "1", "status": "graded", "title": "Focal"}], "score": "1", "status": "graded", "title": "Focal loss"}');
CREATE TABLE submissions (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	student VARCHAR NOT NULL, 
	assignment VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	digest VARCHAR NOT NULL, 
	submitted_at VARCHAR NOT NULL, 
	UNIQUE (student, assignment, number), 
	UNIQUE (id)
);
INSERT INTO "submissions" VALUES(1,'20261123T100000Z-037ea1416957f810','ada','focal-loss',1,'sha256:b64993763bcbc76ed7a5fb91d4e11d06aab9a07ecbb37762810a1d3c64f56bf0','2026-11-23T10:00:00.123456+00:00');
INSERT INTO "submissions" VALUES(2,'20261123T110000Z-b730aff8cec70b5a','00123','focal-loss',1,'sha256:b64993763bcbc76ed7a5fb91d4e11d06aab9a07ecbb37762810a1d3c64f56bf0','2026-11-23T11:00:00.123456+00:00');
INSERT INTO "submissions" VALUES(3,'20261124T100000Z-a307380c29eda10c','ada','focal-loss',2,'sha256:b64993763bcbc76ed7a5fb91d4e11d06aab9a07ecbb37762810a1d3c64f56bf0','2026-11-24T10:00:00.123456+00:00');
CREATE INDEX ix_grades_submission ON grades (submission);
CREATE TRIGGER submissions_stay BEFORE UPDATE ON submissions BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: submissions are never changed'); END;
CREATE TRIGGER submissions_remain BEFORE DELETE ON submissions BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: submissions are never changed'); END;
CREATE TRIGGER submissions_are_added BEFORE INSERT ON submissions WHEN EXISTS (SELECT 1 FROM submissions WHERE sequence = NEW.sequence OR id = NEW.id OR (student = NEW.student AND assignment = NEW.assignment AND number = NEW.number)) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: submissions are never changed'); END;
CREATE TRIGGER grades_stay BEFORE UPDATE ON grades BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: grades are never changed'); END;
CREATE TRIGGER grades_remain BEFORE DELETE ON grades BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: grades are never changed'); END;
CREATE TRIGGER grades_are_added BEFORE INSERT ON grades WHEN EXISTS (SELECT 1 FROM grades WHERE sequence = NEW.sequence) BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: grades are never changed'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('submissions',3);
INSERT INTO "sqlite_sequence" VALUES('grades',3);
COMMIT;
PRAGMA application_id = 1196572996;
PRAGMA user_version = 1;

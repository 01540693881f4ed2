-- Which content of its application a job was submitted with: uploads replace each other, and what changed since it last worked is
-- asked later. Jobs of the former release have none.
ALTER TABLE job_submissions ADD COLUMN content_digest text;
COMMENT ON COLUMN job_submissions.content_digest IS 'SHA-256 of the application''s source on the host when the job was submitted';

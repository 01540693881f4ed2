DROP TABLE build_output;
DROP TABLE builds;
DROP TABLE application_hosts;
DROP TABLE applications;

DROP TABLE preferences;
DROP TABLE ssh_keys;
DROP TABLE sessions;
DROP TABLE users;

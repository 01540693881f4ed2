DROP TABLE saved_searches;
DROP TABLE pinned_commands;

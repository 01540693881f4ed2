DROP TABLE host_nodes;

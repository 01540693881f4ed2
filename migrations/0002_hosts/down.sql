DROP TABLE queues;
DROP TABLE host_accounts;
DROP TABLE hosts;

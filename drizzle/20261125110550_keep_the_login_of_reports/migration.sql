-- The logins under which the queries of reports run, made by the service: all its instances use the same one. A role belongs
-- to all databases of a server, this table to one: a name that another database's service has taken is not in it.
CREATE TABLE weir.report_login (
  name text PRIMARY KEY,
  password text NOT NULL
);

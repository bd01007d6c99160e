-- The tables of the reference API. In a private database nothing outlives the run, so
-- nothing is written to the log either.
CREATE {{#private}}UNLOGGED {{/private}}TABLE era5_data_points (
	timestamp timestamp NOT NULL,
	latitude double precision NOT NULL,
	longitude double precision NOT NULL,
	temperature_2m real NOT NULL,
	temperature_2m_max real NOT NULL,
	temperature_2m_min real NOT NULL,
	dewpoint_2m real NOT NULL,
	total_precipitation real NOT NULL,
	relative_humidity_2m real NOT NULL
);
CREATE {{#private}}UNLOGGED {{/private}}TABLE chirps_data_points (
	timestamp timestamp NOT NULL,
	latitude double precision NOT NULL,
	longitude double precision NOT NULL,
	precipitation real NOT NULL
);
CREATE {{#private}}UNLOGGED {{/private}}TABLE modis_data_points (
	timestamp timestamp NOT NULL,
	latitude double precision NOT NULL,
	longitude double precision NOT NULL,
	ndvi real NOT NULL,
	evi real NOT NULL,
	lst real NOT NULL
);
CREATE {{#private}}UNLOGGED {{/private}}TABLE worldpop_data_points (
	year int NOT NULL,
	latitude double precision NOT NULL,
	longitude double precision NOT NULL,
	population_density real NOT NULL
);
CREATE {{#private}}UNLOGGED {{/private}}TABLE malaria_risk_indices (
	timestamp timestamp NOT NULL,
	latitude double precision NOT NULL,
	longitude double precision NOT NULL,
	model text NOT NULL,
	risk real NOT NULL
);
CREATE {{#private}}UNLOGGED {{/private}}TABLE predictions (
	created timestamp NOT NULL DEFAULT now(),
	target_date date NOT NULL,
	latitude double precision NOT NULL,
	longitude double precision NOT NULL,
	model text NOT NULL,
	horizon int NOT NULL,
	risk real NOT NULL,
	uncertainty real NOT NULL
);
-- The fitted networks: `parameters` as in model_network.h, `version` names their content.
CREATE {{#private}}UNLOGGED {{/private}}TABLE models (
	name text NOT NULL,
	version text NOT NULL,
	created timestamp NOT NULL DEFAULT now(),
	r2 real NOT NULL,
	parameters bytea NOT NULL,
	PRIMARY KEY (name, version)
);
-- Which data set this is: one row, written last.
CREATE {{#private}}UNLOGGED {{/private}}TABLE data_sets (
	name text PRIMARY KEY
);

-- One data set: cells of 0.25 degrees, daily. Every value is a function of cell and day, so that
-- any two databases hold the same rows, and a larger set contains the smaller one. Rows of one
-- cell lie together: a window of days is one or two pages.
--
-- The climate is invented after western Kenya's: warm around the lake, cool in the highlands
-- near 36 E, long rains from March to May and short rains from October to December; a leap day
-- repeats 28 February. `noise` is a quadratic congruence, spread evenly in [0, 1). All is double
-- precision: exp() of numeric is slow. OFFSET 0 keeps a step from being computed again for each
-- of its uses.
SET LOCAL work_mem = '64MB';

CREATE TEMPORARY TABLE cells ON COMMIT DROP AS
SELECT latitude, longitude, a + 12 AS row, o - 136 AS col,
	exp(-((longitude - 36.1) ^ 2) / 0.8) AS highland,
	exp(-((longitude - 34.3) ^ 2 + (latitude + 0.8) ^ 2) / 1.6) AS lake
FROM generate_series({{south}}, {{north}}) a
CROSS JOIN generate_series({{west}}, {{east}}) o
CROSS JOIN LATERAL (SELECT a * 0.25::float8 AS latitude, o * 0.25::float8 AS longitude) place
ORDER BY a, o;

CREATE TEMPORARY TABLE days ON COMMIT DROP AS
SELECT timestamp, timestamp::date - date '2023-01-01' AS day, d::int AS season_day,
	cos(6.283185307 * (d - 45) / 365) AS warm,
	1 + 11 * exp(-(((d - 112) / 26) ^ 2)) + 7 * exp(-(((d - 315) / 22) ^ 2)) AS wet,
	least(0.45, 0.34 * exp(-(((d - 142) / 38) ^ 2)) + 0.22 * exp(-(((d - 344) / 30) ^ 2))
		+ 0.15 * exp(-(((d + 21) / 30) ^ 2))) AS green
FROM generate_series(timestamp '{{first_year}}-01-01', timestamp '{{last_year}}-12-31',
	interval '1 day') timestamp
CROSS JOIN LATERAL (SELECT extract(month FROM timestamp)::int AS month,
	extract(day FROM timestamp)::int AS month_day) civil
CROSS JOIN LATERAL (SELECT (make_date(2023, month, CASE WHEN month = 2 THEN least(month_day, 28)
	ELSE month_day END) - date '2023-01-01')::float8 AS d) season
ORDER BY timestamp;

INSERT INTO era5_data_points
SELECT d.timestamp, c.latitude, c.longitude, v.t, v.t + 5.2 - v.damp * 2, v.t - 4.8 + v.damp * 1.5,
	v.t - (100 - v.humidity) / 5, v.rain, v.humidity
FROM cells c
CROSS JOIN days d
CROSS JOIN LATERAL (SELECT (d.day * 7919 + c.row * 104729 + c.col * 1299709 + 12345)::bigint AS x) h
CROSS JOIN LATERAL (SELECT (h.x * h.x % 2147483647 % 10007) / 10007.0::float8 AS a,
	(h.x * h.x % 2147483647 % 9973) / 9973.0::float8 AS b OFFSET 0) noise
CROSS JOIN LATERAL (SELECT least(1, d.wet / 9 * (0.6 + 0.6 * c.lake)) AS wet OFFSET 0) s
CROSS JOIN LATERAL (SELECT
	25.2 - 8.5 * c.highland + 1.2 * c.lake + 1.6 * d.warm + 2.4 * (noise.a - 0.5) - s.wet AS t,
	s.wet AS damp,
	greatest(0, noise.b - 0.55 + 0.3 * s.wet) * d.wet * (1 + 0.5 * c.lake) * 1.6 AS rain,
	least(98, 46 + 30 * s.wet + 8 * c.lake + 6 * c.highland + 8 * noise.b) AS humidity
	OFFSET 0) v
ORDER BY c.row, c.col, d.day;

-- Rain seen from above, five days together: another instrument than the stations' daily rain.
INSERT INTO chirps_data_points
SELECT d.timestamp, c.latitude, c.longitude,
	greatest(0, 0.1 + 0.4 * least(1, d.wet / 9 * (0.6 + 0.6 * c.lake)))
		* d.wet * (1 + 0.5 * c.lake) * 1.6 * 2
FROM cells c
CROSS JOIN days d
WHERE d.season_day % 5 = 0
ORDER BY c.row, c.col, d.day;

-- Vegetation follows the rain by about a month; a composite every 16 days, from each New Year on.
INSERT INTO modis_data_points
SELECT d.timestamp, c.latitude, c.longitude, v.ndvi, v.ndvi * 0.62, 30 - 8 * c.highland - 9 * v.ndvi
FROM cells c
CROSS JOIN days d
CROSS JOIN LATERAL (SELECT 0.24 + 0.1 * c.highland + 0.08 * c.lake + d.green AS ndvi) v
WHERE d.season_day % 16 = 0
ORDER BY c.row, c.col, d.day;

INSERT INTO worldpop_data_points
SELECT year, latitude, longitude, (20 + 380 * lake + 240 * highland) * 1.022 ^ (year - 2023)
FROM cells CROSS JOIN generate_series({{first_year}}, {{last_year}}) year ORDER BY row, col, year;

ALTER TABLE era5_data_points ADD CONSTRAINT era5_data_points_key
	UNIQUE (timestamp, latitude, longitude);
CREATE INDEX idx_era5_spatial_temporal ON era5_data_points (latitude, longitude, timestamp);
ALTER TABLE chirps_data_points ADD CONSTRAINT chirps_data_points_key
	UNIQUE (latitude, longitude, timestamp);
ALTER TABLE modis_data_points ADD CONSTRAINT modis_data_points_key
	UNIQUE (latitude, longitude, timestamp);
ALTER TABLE worldpop_data_points ADD CONSTRAINT worldpop_data_points_key
	UNIQUE (latitude, longitude, year);

INSERT INTO data_sets VALUES ('{{name}}');

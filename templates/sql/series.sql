-- The daily climate of one cell ($1, $2) in one or two spans of days ($3..$4, $5..$6), and all its
-- vegetation composites, in one round trip: kind 0 = climate, 1 = vegetation.
SELECT 0::int4 AS kind, (e.timestamp::date - date '1970-01-01')::int4 AS day, e.temperature_2m,
	e.total_precipitation, e.relative_humidity_2m
FROM era5_data_points e
WHERE e.latitude = $1::float8 AND e.longitude = $2::float8
	AND e.timestamp BETWEEN $3::timestamp AND $4::timestamp
UNION ALL
SELECT 0, (e.timestamp::date - date '1970-01-01')::int4, e.temperature_2m, e.total_precipitation,
	e.relative_humidity_2m
FROM era5_data_points e
WHERE e.latitude = $1::float8 AND e.longitude = $2::float8
	AND e.timestamp BETWEEN $5::timestamp AND $6::timestamp
UNION ALL
SELECT 1, (m.timestamp::date - date '1970-01-01')::int4, m.ndvi, 0, 0
FROM modis_data_points m
WHERE m.latitude = $1::float8 AND m.longitude = $2::float8

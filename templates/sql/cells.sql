-- The daily climate of a window, and the last vegetation composite, for each cell of a list, in one
-- round trip. $1, $2 latitudes and longitudes; $3..$4 and $5..$6 the days as one or two spans (an
-- unused span has its last day before its first); $7 the day itself. Spans are written out because
-- the planner makes an index condition of a parameter, but a filter of a joined list.
SELECT c.position::int4, (e.timestamp::date - date '1970-01-01')::int4 AS day, e.temperature_2m,
	e.total_precipitation, e.relative_humidity_2m, v.ndvi
FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY AS c (latitude, longitude, position)
CROSS JOIN LATERAL (
	SELECT m.ndvi FROM modis_data_points m
	WHERE m.latitude = c.latitude AND m.longitude = c.longitude AND m.timestamp <= $7::timestamp
	ORDER BY m.timestamp DESC LIMIT 1
) v
CROSS JOIN LATERAL (
	SELECT * FROM era5_data_points a
	WHERE a.latitude = c.latitude AND a.longitude = c.longitude
		AND a.timestamp BETWEEN $3::timestamp AND $4::timestamp
	UNION ALL
	SELECT * FROM era5_data_points b
	WHERE b.latitude = c.latitude AND b.longitude = c.longitude
		AND b.timestamp BETWEEN $5::timestamp AND $6::timestamp
) e

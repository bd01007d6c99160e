-- The climate of 30 days for each cell of a list, in one round trip.
-- $1, $2 latitudes and longitudes; $3..$4 and $5..$6 the days as one or two spans (a window that
-- reaches into the year before continues at the end of the data year; an unused span has its last
-- day before its first); $7 the day itself. Spans are written out because the planner makes an
-- index condition of a parameter, but a filter of a joined list.
SELECT c.position::int4, w.days::int4, w.temperature, w.deviation, w.rain, w.humidity,
	v.ndvi::float8
FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY AS c (latitude, longitude, position)
CROSS JOIN LATERAL (
	SELECT count(*) AS days, avg(e.temperature_2m) AS temperature,
		stddev_pop(e.temperature_2m) AS deviation,
		sum(e.total_precipitation::float8) AS rain,
		avg(e.relative_humidity_2m) AS humidity
	FROM (
		SELECT * FROM era5_data_points a
		WHERE a.latitude = c.latitude AND a.longitude = c.longitude
			AND a.timestamp BETWEEN $3::timestamp AND $4::timestamp
		UNION ALL
		SELECT * FROM era5_data_points b
		WHERE b.latitude = c.latitude AND b.longitude = c.longitude
			AND b.timestamp BETWEEN $5::timestamp AND $6::timestamp
	) e
) w
CROSS JOIN LATERAL (
	SELECT m.ndvi FROM modis_data_points m
	WHERE m.latitude = c.latitude AND m.longitude = c.longitude AND m.timestamp <= $7::timestamp
	ORDER BY m.timestamp DESC LIMIT 1
) v

/*
 * The climate of the 30 days that a prediction rests on, oldest first.
 */
#ifndef PERFGATE_API_CLIMATE_H
#define PERFGATE_API_CLIMATE_H

#define CLIMATE_DAYS 30

struct window {
	float temperature_c[CLIMATE_DAYS];
	float rain_mm[CLIMATE_DAYS];
	float humidity_percent[CLIMATE_DAYS];
	float ndvi; /* the last composite */
};

#endif

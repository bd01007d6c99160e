#include "internal.h"

#include <math.h>

void put_degrees(struct strbuf *out, double value)
{
	web_put_decimal(out, llround(value * 1e6), 6);
}

void put_scaled(struct strbuf *out, int value)
{
	web_put_decimal(out, value, MODEL_SCALE_DIGITS);
}

void put_day(struct strbuf *out, int32_t day)
{
	char date[DATE_SIZE];

	date_format(day, date);
	strbuf_putc(out, '"');
	strbuf_puts(out, date);
	strbuf_putc(out, '"');
}

void put_risk(struct strbuf *out, const struct assessment *item, int horizon)
{
	strbuf_puts(out, "\"risk_score\": ");
	put_scaled(out, item->risk);
	strbuf_puts(out, ", \"risk_level\": \"");
	strbuf_puts(out, model_risk_level(item->risk));
	strbuf_puts(out, "\", \"uncertainty\": ");
	put_scaled(out, item->uncertainty[horizon]);
}

void put_location(struct strbuf *out, const struct location *location)
{
	strbuf_puts(out, "\"location\": {\"latitude\": ");
	put_degrees(out, location->latitude);
	strbuf_puts(out, ", \"longitude\": ");
	put_degrees(out, location->longitude);
	if (location->name) {
		strbuf_puts(out, ", \"name\": ");
		web_quote(out, location->name);
	}
	strbuf_puts(out, ", \"cell\": {\"latitude\": ");
	grid_put(out, location->cell.latitude);
	strbuf_puts(out, ", \"longitude\": ");
	grid_put(out, location->cell.longitude);
	strbuf_puts(out, "}}");
}

/* risk +- 1.96 uncertainty, within 0..1. */
static void put_interval(struct strbuf *out, const struct assessment *item, int horizon)
{
	int half = (int)lround(1.96 * item->uncertainty[horizon]);
	int low = item->risk - half, high = item->risk + half;

	strbuf_puts(out, ", \"confidence_interval\": [");
	put_scaled(out, low > 0 ? low : 0);
	strbuf_puts(out, ", ");
	put_scaled(out, high < MODEL_SCALE ? high : MODEL_SCALE);
	strbuf_putc(out, ']');
}

static void put_factors(struct strbuf *out, const struct assessment *item)
{
	strbuf_puts(out, ", \"factors\": {\"temperature\": ");
	put_scaled(out, item->temperature);
	strbuf_puts(out, ", \"rainfall\": ");
	put_scaled(out, item->rain);
	strbuf_puts(out, ", \"humidity\": ");
	put_scaled(out, item->humidity);
	strbuf_puts(out, ", \"vegetation\": ");
	put_scaled(out, item->vegetation);
	strbuf_putc(out, '}');
}

void put_prediction(struct strbuf *out, const struct location *location,
		    const struct assessment *item, const struct common *common)
{
	put_location(out, location);
	strbuf_puts(out, ", \"target_date\": ");
	put_day(out, common->target_day);
	strbuf_puts(out, ", ");
	put_risk(out, item, common->horizon);
	put_interval(out, item, common->horizon);
	strbuf_puts(out, ", \"model_used\": \"");
	strbuf_puts(out, model_names[common->model]);
	strbuf_puts(out, "\", \"prediction_horizon\": ");
	web_put_decimal(out, model_horizons[common->horizon], 0);
	if (common->include_factors)
		put_factors(out, item);
}

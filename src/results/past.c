#include "perfgate/results/past.h"

#include "perfgate/base/text.h"

#include <math.h>

const struct past_values *past_find(const struct run_past *past, const char *scenario,
				    const char *endpoint, enum metric metric)
{
	for (size_t i = 0; i < past->n_values; i++) {
		const struct past_values *values = &past->values[i];

		if (values->metric == metric && text_equal(values->scenario, scenario) &&
		    text_equal(values->endpoint, endpoint))
			return values;
	}
	return NULL;
}

double past_newest(const struct run_past *past, const char *scenario, const char *endpoint,
		   enum metric metric)
{
	const struct past_values *found = past_find(past, scenario, endpoint, metric);

	return found && found->since < past->n_runs ? found->values[past->n_runs - 1] : NAN;
}

const char *past_histogram(const struct run_past *past, const char *scenario)
{
	for (size_t i = 0; i < past->n_latencies; i++)
		if (text_equal(past->latencies[i].scenario, scenario))
			return past->latencies[i].histogram;
	return NULL;
}

void past_clear(struct run_past *past)
{
	json_decref(past->environment);
	*past = (struct run_past){0};
}

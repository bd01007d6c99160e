#include "perfgate/results/ab_inject.h"

#include <math.h>
#include <string.h>

/* One endpoint on its way through the fault. */
struct changing {
	struct endpoint_result *out;
	const struct ab_injection *injection;
	struct rng *rng;
};

/* How many of `count` requests a fault of this probability meets. */
static uint64_t draw(struct rng *rng, uint64_t count, double probability)
{
	uint64_t met = 0;

	for (uint64_t i = 0; i < count; i++)
		met += rng_double(rng) < probability;
	return met;
}

static void change_bucket(uint64_t value_ns, uint64_t count, void *arg)
{
	struct changing *changing = arg;
	const struct ab_injection *injection = changing->injection;
	struct endpoint_result *out = changing->out;
	uint64_t met;

	switch (injection->kind) {
	case AB_INJECT_LATENCY:
		value_ns = (uint64_t)((double)value_ns * (1 + injection->amount));
		break;
	case AB_INJECT_TAIL:
		met = draw(changing->rng, count, injection->amount);
		histogram_record_n(out->latency, 2 * value_ns, met);
		count -= met;
		break;
	case AB_INJECT_ERRORS:
		met = draw(changing->rng, count, injection->amount);
		/* What timed out is among the latencies too, and has failed already. */
		met = met < out->classes[CLASS_OK] ? met : out->classes[CLASS_OK];
		out->classes[CLASS_OK] -= met;
		out->classes[CLASS_HTTP_ERROR] += met;
		count -= met;
		break;
	case AB_INJECT_MISSES: break;
	}
	histogram_record_n(out->latency, value_ns, count);
}

static void miss(struct endpoint_result *out, const struct ab_injection *injection, struct rng *rng)
{
	double lookups = (double)(out->cache_hits + out->cache_misses);
	double share = lookups > 0 ? injection->amount * lookups / (double)out->cache_hits : 0;
	uint64_t met = draw(rng, out->cache_hits, fmin(share, 1));

	out->cache_hits -= met;
	out->cache_misses += met;
}

static void copy_endpoint(const struct endpoint_result *from, struct endpoint_result *out,
			  const struct ab_injection *injection, struct rng *rng)
{
	struct changing changing = {.out = out, .injection = injection, .rng = rng};

	endpoint_result_init(out, from->name);
	out->requests = from->requests;
	memcpy(out->classes, from->classes, sizeof out->classes);
	out->cache_hits = from->cache_hits;
	out->cache_misses = from->cache_misses;
	if (!injection) {
		histogram_merge(out->latency, from->latency);
		return;
	}
	if (injection->kind == AB_INJECT_MISSES)
		miss(out, injection, rng);
	histogram_each(from->latency, change_bucket, &changing);
}

static double ok_share(const struct endpoint_result *total)
{
	return total->requests ? (double)total->classes[CLASS_OK] / (double)total->requests : 1;
}

/* The closed loop answers as many fewer requests as they take longer, and counts the good ones. */
static double throughput(const struct ab_side_record *before, const struct ab_side_record *after)
{
	double was_ns = histogram_mean_ns(before->total.latency);
	double is_ns = histogram_mean_ns(after->total.latency);
	double good = ok_share(&before->total) > 0
			      ? ok_share(&after->total) / ok_share(&before->total)
			      : 1;

	return before->throughput_rps * good * (is_ns > 0 ? fmin(1, was_ns / is_ns) : 1);
}

void ab_side_inject(const struct ab_side_record *side, const struct ab_injection *injection,
		    struct rng *rng, struct ab_side_record *out)
{
	out->endpoints = xcalloc(side->n_endpoints + 1, sizeof *out->endpoints);
	out->n_endpoints = side->n_endpoints;
	endpoint_result_init(&out->total, side->total.name);
	for (size_t i = 0; i < side->n_endpoints; i++) {
		bool met = injection->endpoint == i || injection->endpoint == side->n_endpoints;

		copy_endpoint(&side->endpoints[i], &out->endpoints[i], met ? injection : NULL, rng);
		endpoint_result_add(&out->total, &out->endpoints[i]);
	}
	out->throughput_requests = side->throughput_requests;
	out->throughput_rps = throughput(side, out);
}

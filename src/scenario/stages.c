#include "perfgate/scenario/store.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <math.h>
#include <string.h>

#define MAX_DURATION_NS (7 * 24 * 3600 * NS_PER_S)
#define MAX_USERS 100000
#define MAX_RATE 1e6
/* Without max_users: as many as arrive in this time, within bounds. */
#define ARRIVALS_HELD_S 10
#define OPEN_USERS_MIN 100
#define OPEN_USERS_MAX 10000
#define MAX_STAGES 1000
#define QUICK_DURATION_NS (20 * NS_PER_S)
#define QUICK_WARMUP_NS (2 * NS_PER_S)
#define MAX_WARMUP_NS (30 * NS_PER_S)

/* A stage as written: users, or arrivals per second; ramp_ns < 0: none was given. */
struct written {
	const struct yaml_node *node;
	double level;
	int64_t duration_ns, ramp_ns;
};

struct shape {
	struct written *stages;
	size_t n;
	bool open; /* levels are rates */
	double spawn_rate; /* NaN: all at once */
	size_t max_users; /* 0: by the rate */
	enum arrival arrival;
	int64_t total_ns;
	double peak;
};

/* --- reading --- */

static int read_rate(const struct yaml_node *node, double min, double *out, struct error *err)
{
	return value_number(node, "rate", min, MAX_RATE, out, err);
}

static int read_users(const struct yaml_node *node, double *out, struct error *err)
{
	if (value_number(node, "users", 0, MAX_USERS, out, err))
		return -1;
	if (*out > floor(*out))
		return extyaml_error(node, err, "users: %s is not a whole number", node->text);
	return 0;
}

static int read_stage(const struct yaml_node *node, struct written *out, struct error *err)
{
	static const char *const keys[] = {"users", "rate", "duration", "ramp", NULL};
	const struct yaml_node *users, *rate, *duration, *ramp;

	if (extyaml_expect(node, YAML_MAPPING, "a stage", err) ||
	    extyaml_check_keys(node, keys, "a stage", err))
		return -1;
	users = extyaml_get(node, "users");
	rate = extyaml_get(node, "rate");
	duration = extyaml_get(node, "duration");
	ramp = extyaml_get(node, "ramp");
	if ((!users && !rate) || !duration)
		return extyaml_error(node, err, "a stage needs users: and duration:");
	if (users && rate)
		return extyaml_error(rate, err, "rate: a stage has users: or rate:, not both");
	out->node = node;
	out->ramp_ns = -1;
	if ((rate ? read_rate(rate, 0, &out->level, err) : read_users(users, &out->level, err)) ||
	    value_duration(duration, "duration", MAX_DURATION_NS, &out->duration_ns, err) ||
	    (ramp && value_duration(ramp, "ramp", MAX_DURATION_NS, &out->ramp_ns, err)))
		return -1;
	if (!out->duration_ns)
		return extyaml_error(duration, err, "duration: must be above 0");
	if (out->ramp_ns > out->duration_ns)
		return extyaml_error(ramp, err,
				     "ramp: longer than the stage's duration, which "
				     "includes it");
	return 0;
}

static int read_stages(struct arena *arena, const struct yaml_node *node, struct shape *out,
		       struct error *err)
{
	size_t i;

	if (extyaml_expect(node, YAML_SEQUENCE, "stages", err))
		return -1;
	if (!node->count || node->count > MAX_STAGES)
		return extyaml_error(node, err, "stages: 1 to %d stages are possible", MAX_STAGES);
	out->n = node->count;
	out->stages = arena_alloc(arena, out->n, sizeof(*out->stages));
	for (i = 0; i < out->n; i++) {
		bool open = extyaml_get(node->items[i], "rate") != NULL;

		if (read_stage(node->items[i], &out->stages[i], err))
			return -1;
		if (i > 0 && open != out->open)
			return extyaml_error(node->items[i], err,
					     "stages: all have users:, or all have rate:");
		out->open = open;
	}
	return 0;
}

static void measure(struct shape *shape)
{
	size_t i;

	shape->total_ns = 0;
	shape->peak = 0;
	for (i = 0; i < shape->n; i++) {
		shape->total_ns += shape->stages[i].duration_ns;
		shape->peak = fmax(shape->peak, shape->stages[i].level);
	}
}

/* `duration:` beside or over stages: the same shape in that time. */
static void stretch(struct shape *shape, double factor, bool ramps)
{
	size_t i;

	for (i = 0; i < shape->n; i++) {
		struct written *stage = &shape->stages[i];

		stage->duration_ns = (int64_t)llround((double)stage->duration_ns * factor);
		if (stage->duration_ns < 1)
			stage->duration_ns = 1;
		if (ramps && stage->ramp_ns > 0)
			stage->ramp_ns = (int64_t)llround((double)stage->ramp_ns * factor);
	}
	measure(shape);
}

/* `users:` or `rate:` over stages: the same shape with that peak. */
static void resize(struct shape *shape, double peak)
{
	double factor = peak / shape->peak;
	size_t i;

	for (i = 0; i < shape->n; i++) {
		double *level = &shape->stages[i].level;

		if (*level > 0)
			*level = shape->open ? *level * factor : fmax(1, round(*level * factor));
	}
	measure(shape);
}

static int read_size(const struct yaml_node *layer, double *users, double *rate,
		     int64_t *duration_ns, struct error *err)
{
	const struct yaml_node *users_node = extyaml_get(layer, "users");
	const struct yaml_node *rate_node = extyaml_get(layer, "rate");
	const struct yaml_node *duration_node = extyaml_get(layer, "duration");
	size_t count;

	if (users_node && rate_node)
		return extyaml_error(rate_node, err,
				     "rate: comes without users:; max_users: bounds them");
	if (rate_node && read_rate(rate_node, 0.001, rate, err))
		return -1;
	if (users_node) {
		if (value_count(users_node, "users", MAX_USERS, &count, err))
			return -1;
		*users = (double)count;
	}
	if (!duration_node)
		return 0;
	if (value_duration(duration_node, "duration", MAX_DURATION_NS, duration_ns, err))
		return -1;
	if (!*duration_ns)
		return extyaml_error(duration_node, err, "duration: must be above 0");
	return 0;
}

/* One layer over the shape so far: its stages replace it, its users and duration scale it. */
static int apply_layer(struct arena *arena, const struct yaml_node *layer, struct shape *shape,
		       struct error *err)
{
	const struct yaml_node *stages, *spawn_rate;
	int64_t duration_ns = 0;
	double users = 0, rate = 0, size;

	if (!layer)
		return 0;
	stages = extyaml_get(layer, "stages");
	spawn_rate = extyaml_get(layer, "spawn_rate");
	if (read_size(layer, &users, &rate, &duration_ns, err) ||
	    (spawn_rate &&
	     value_number(spawn_rate, "spawn_rate", 0.001, 1e6, &shape->spawn_rate, err)))
		return -1;
	size = rate > 0 ? rate : users;
	if (size > 0)
		shape->open = rate > 0;
	if (stages) {
		if (size > 0 || duration_ns)
			return extyaml_error(stages, err,
					     "stages: already gives %s and durations; drop one "
					     "of the two",
					     rate > 0 ? "rates" : "users");
		if (read_stages(arena, stages, shape, err))
			return -1;
	} else if (!shape->n && size > 0 && duration_ns) {
		shape->n = 1;
		shape->stages = arena_alloc(arena, 1, sizeof(*shape->stages));
		*shape->stages = (struct written){layer, size, duration_ns, -1};
	} else if (!shape->n) {
		return extyaml_error(
			layer, err,
			"a scenario of your own needs users: (or rate:) and duration:, or stages:");
	}
	measure(shape);
	if (!(shape->peak > 0))
		return extyaml_error(layer, err, "no stage has any users");
	if (!stages && size > 0)
		resize(shape, size);
	if (!stages && duration_ns)
		stretch(shape, (double)duration_ns / (double)shape->total_ns, true);
	return 0;
}

/* --- the result --- */

/* As many users as the spawn rate (NaN: all at once) brings in the stage's time. */
static void place_stage(const struct written *written, double spawn_rate, double factor,
			double before, struct stage *out)
{
	double change = fabs(written->level - before), ramp;

	ramp = written->ramp_ns >= 0 ? (double)written->ramp_ns
				     : change / spawn_rate * (double)NS_PER_S * factor;
	if (isnan(ramp))
		ramp = 0;
	out->level = written->level;
	out->duration_ns = written->duration_ns;
	if (ramp > (double)out->duration_ns) {
		out->level = before + (written->level - before) * (double)out->duration_ns / ramp;
		ramp = (double)out->duration_ns;
	}
	out->ramp_ns = (int64_t)llround(ramp);
}

static int read_warmup(const struct yaml_node *node, double factor, struct scenario *out,
		       struct error *err)
{
	int64_t first_ramp = out->stages[0].ramp_ns;

	if (node) {
		if (value_duration(node, "warmup", MAX_DURATION_NS, &out->warmup_ns, err))
			return -1;
		out->warmup_ns = (int64_t)llround((double)out->warmup_ns * factor);
		if (out->warmup_ns >= out->duration_ns)
			return extyaml_error(node, err, "warmup: leaves nothing to judge");
		return 0;
	}
	out->warmup_ns = out->duration_ns / 10;
	if (out->warmup_ns > MAX_WARMUP_NS)
		out->warmup_ns = MAX_WARMUP_NS;
	/* The first ramp is no steady state; but a scenario that is all ramp is judged. */
	if (first_ramp > out->warmup_ns && first_ramp <= out->duration_ns / 2)
		out->warmup_ns = first_ramp;
	return 0;
}

static void make_quick(struct shape *shape, struct scenario *out)
{
	size_t i;

	if (shape->total_ns > QUICK_DURATION_NS)
		stretch(shape, (double)QUICK_DURATION_NS / (double)shape->total_ns, false);
	for (i = 0; i < shape->n; i++)
		shape->stages[i].ramp_ns = 0;
	out->pause_ns = 0;
	out->think_scale /= 10;
}

/* `arrival:` and `max_users:`, which belong to rates. */
static int read_arrival(const struct yaml_node *layer, struct shape *shape, struct error *err)
{
	static const char *const names[] = {[ARRIVAL_POISSON] = "poisson", [ARRIVAL_EVEN] = "even"};
	const struct yaml_node *arrival = extyaml_get(layer, "arrival");
	const struct yaml_node *max_users = extyaml_get(layer, "max_users");
	size_t i = 0;

	if ((arrival || max_users) && !shape->open)
		return extyaml_error(arrival ? arrival : max_users, err,
				     "%s: belongs to a scenario with rate:",
				     arrival ? "arrival" : "max_users");
	if (max_users && value_count(max_users, "max_users", MAX_USERS, &shape->max_users, err))
		return -1;
	if (!arrival)
		return 0;
	if (extyaml_expect(arrival, YAML_SCALAR, "arrival", err))
		return -1;
	while (i < ARRAY_SIZE(names) && !text_equal(arrival->text, names[i]))
		i++;
	if (i == ARRAY_SIZE(names))
		return extyaml_error(arrival, err, "arrival: `%s` is not poisson or even",
				     arrival->text);
	shape->arrival = (enum arrival)i;
	return 0;
}

static size_t open_users(const struct shape *shape)
{
	if (shape->max_users)
		return shape->max_users;
	return (size_t)fmin(OPEN_USERS_MAX,
			    fmax(OPEN_USERS_MIN, ceil(shape->peak * ARRIVALS_HELD_S)));
}

static const struct yaml_node *first_of(const struct yaml_node *user,
					const struct yaml_node *builtin, const char *key)
{
	const struct yaml_node *node = extyaml_get(user, key);

	return node ? node : extyaml_get(builtin, key);
}

int stages_compile(const struct suite_store *store, struct arena *arena,
		   const struct yaml_node *builtin, const struct yaml_node *user,
		   struct scenario *out, struct error *err)
{
	struct shape shape = {.spawn_rate = NAN};
	double factor = store->options.duration_scale, level = 0;
	bool quick = store->options.quick;
	size_t i;

	if (apply_layer(arena, builtin, &shape, err) || apply_layer(arena, user, &shape, err) ||
	    read_arrival(user, &shape, err))
		return -1;
	if (!isnan(store->spawn_rate))
		shape.spawn_rate = store->spawn_rate;
	/* It is about users; a rate changes at once, or during a ramp: of its own. */
	if (shape.open)
		shape.spawn_rate = NAN;
	if (quick)
		make_quick(&shape, out);
	stretch(&shape, factor, true);
	out->n_stages = shape.n;
	out->stages = arena_alloc(arena, shape.n, sizeof(*out->stages));
	out->duration_ns = shape.total_ns;
	out->pause_ns = (int64_t)llround((double)out->pause_ns * factor);
	for (i = 0; i < shape.n; i++) {
		place_stage(&shape.stages[i], shape.spawn_rate, factor, level, &out->stages[i]);
		level = out->stages[i].level;
		if ((size_t)ceil(level) > out->users)
			out->users = (size_t)ceil(level);
	}
	out->open = shape.open;
	out->arrival = shape.arrival;
	if (shape.open)
		out->users = open_users(&shape);
	if (read_warmup(quick ? NULL : first_of(user, builtin, "warmup"), factor, out, err))
		return -1;
	if (quick && out->warmup_ns > QUICK_WARMUP_NS)
		out->warmup_ns = QUICK_WARMUP_NS;
	return 0;
}

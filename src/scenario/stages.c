#include "perfgate/scenario/store.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/units.h"

#include <math.h>
#include <string.h>

#define MAX_DURATION_NS (7 * 24 * 3600 * NS_PER_S)
#define MAX_USERS 100000
#define MAX_STAGES 1000
#define QUICK_DURATION_NS (20 * NS_PER_S)
#define QUICK_WARMUP_NS (2 * NS_PER_S)
#define MAX_WARMUP_NS (30 * NS_PER_S)

/* A stage as written; ramp_ns < 0: none was given. */
struct written {
	const struct yaml_node *node;
	double users;
	int64_t duration_ns, ramp_ns;
};

struct shape {
	struct written *stages;
	size_t n;
	double spawn_rate; /* NaN: all at once */
	int64_t total_ns;
	double peak;
};

static int open_model(const struct yaml_node *node, struct error *err)
{
	return extyaml_error(node, err, "open model (rate:) is not supported yet; write users:");
}

/* --- reading --- */

static int read_stage(const struct yaml_node *node, struct written *out, struct error *err)
{
	static const char *const keys[] = {"users", "rate", "duration", "ramp", NULL};
	const struct yaml_node *users, *duration, *ramp;

	if (extyaml_expect(node, YAML_MAPPING, "a stage", err) ||
	    extyaml_check_keys(node, keys, "a stage", err))
		return -1;
	if (extyaml_get(node, "rate"))
		return open_model(extyaml_get(node, "rate"), err);
	users = extyaml_get(node, "users");
	duration = extyaml_get(node, "duration");
	ramp = extyaml_get(node, "ramp");
	if (!users || !duration)
		return extyaml_error(node, err, "a stage needs users: and duration:");
	out->node = node;
	out->ramp_ns = -1;
	if (value_number(users, "users", 0, MAX_USERS, &out->users, err) ||
	    value_duration(duration, "duration", MAX_DURATION_NS, &out->duration_ns, err) ||
	    (ramp && value_duration(ramp, "ramp", MAX_DURATION_NS, &out->ramp_ns, err)))
		return -1;
	if (out->users > floor(out->users))
		return extyaml_error(users, err, "users: %s is not a whole number", users->text);
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
	for (i = 0; i < out->n; i++)
		if (read_stage(node->items[i], &out->stages[i], err))
			return -1;
	return 0;
}

static void measure(struct shape *shape)
{
	size_t i;

	shape->total_ns = 0;
	shape->peak = 0;
	for (i = 0; i < shape->n; i++) {
		shape->total_ns += shape->stages[i].duration_ns;
		shape->peak = fmax(shape->peak, shape->stages[i].users);
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

/* `users:` over stages: the same shape with that peak. */
static void resize(struct shape *shape, double peak)
{
	double factor = peak / shape->peak;
	size_t i;

	for (i = 0; i < shape->n; i++)
		if (shape->stages[i].users > 0)
			shape->stages[i].users = fmax(1, round(shape->stages[i].users * factor));
	measure(shape);
}

static int read_size(const struct yaml_node *layer, double *users, int64_t *duration_ns,
		     struct error *err)
{
	const struct yaml_node *users_node = extyaml_get(layer, "users");
	const struct yaml_node *duration_node = extyaml_get(layer, "duration");
	size_t count;

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
	double users = 0;

	if (!layer)
		return 0;
	if (extyaml_get(layer, "rate"))
		return open_model(extyaml_get(layer, "rate"), err);
	stages = extyaml_get(layer, "stages");
	spawn_rate = extyaml_get(layer, "spawn_rate");
	if (read_size(layer, &users, &duration_ns, err) ||
	    (spawn_rate &&
	     value_number(spawn_rate, "spawn_rate", 0.001, 1e6, &shape->spawn_rate, err)))
		return -1;
	if (stages) {
		if (users > 0 || duration_ns)
			return extyaml_error(stages, err,
					     "stages: already gives users and durations; drop one "
					     "of the two");
		if (read_stages(arena, stages, shape, err))
			return -1;
	} else if (!shape->n && users > 0 && duration_ns) {
		shape->n = 1;
		shape->stages = arena_alloc(arena, 1, sizeof(*shape->stages));
		*shape->stages = (struct written){layer, users, duration_ns, -1};
	} else if (!shape->n) {
		return extyaml_error(
			layer, err,
			"a scenario of your own needs users: and duration:, or stages:");
	}
	measure(shape);
	if (!(shape->peak > 0))
		return extyaml_error(layer, err, "no stage has any users");
	if (!stages && users > 0)
		resize(shape, users);
	if (!stages && duration_ns)
		stretch(shape, (double)duration_ns / (double)shape->total_ns, true);
	return 0;
}

/* --- the result --- */

/* As many users as the spawn rate brings in the stage's time. */
static void place_stage(const struct written *written, double spawn_rate, double factor,
			double before, struct stage *out)
{
	double change = fabs(written->users - before), ramp;

	ramp = written->ramp_ns >= 0 ? (double)written->ramp_ns
				     : change / spawn_rate * (double)NS_PER_S * factor;
	if (isnan(ramp))
		ramp = 0;
	out->users = written->users;
	out->duration_ns = written->duration_ns;
	if (ramp > (double)out->duration_ns) {
		out->users = before + (written->users - before) * (double)out->duration_ns / ramp;
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
	double factor = store->options.duration_scale, users = 0;
	bool quick = store->options.quick;
	size_t i;

	if (apply_layer(arena, builtin, &shape, err) || apply_layer(arena, user, &shape, err))
		return -1;
	if (!isnan(store->spawn_rate))
		shape.spawn_rate = store->spawn_rate;
	if (quick)
		make_quick(&shape, out);
	stretch(&shape, factor, true);
	out->n_stages = shape.n;
	out->stages = arena_alloc(arena, shape.n, sizeof(*out->stages));
	out->duration_ns = shape.total_ns;
	out->pause_ns = (int64_t)llround((double)out->pause_ns * factor);
	for (i = 0; i < shape.n; i++) {
		place_stage(&shape.stages[i], shape.spawn_rate, factor, users, &out->stages[i]);
		users = out->stages[i].users;
		if ((size_t)ceil(users) > out->users)
			out->users = (size_t)ceil(users);
	}
	if (read_warmup(quick ? NULL : first_of(user, builtin, "warmup"), factor, out, err))
		return -1;
	if (quick && out->warmup_ns > QUICK_WARMUP_NS)
		out->warmup_ns = QUICK_WARMUP_NS;
	return 0;
}

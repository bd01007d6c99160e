#include "perfgate/load/plan.h"

#include "perfgate/base/text.h"
#include "perfgate/scenario/capture.h"

#include <string.h>
#include <strings.h>

/* Open model: so many arrivals hold each profile's share, then it begins again. */
#define ARRIVAL_PATTERN 1000

/* Does a block of "Name: value\r\n" lines have this header? */
static bool has_header(const struct strbuf *headers, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = strbuf_text(headers); line && *line;) {
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

static char *common_headers(const struct load_target *target, const struct load_options *options,
			    const struct strbuf *own)
{
	struct strbuf text = {0};
	strbuf_printf(&text, " HTTP/1.1\r\nHost: %s\r\n", target->host);
	if (options->user_agent && !has_header(own, "User-Agent"))
		strbuf_printf(&text, "User-Agent: %s\r\n", options->user_agent);
	if (target->authorization && !has_header(own, "Authorization"))
		strbuf_printf(&text, "Authorization: %s\r\n", target->authorization);
	return strbuf_take(&text);
}

/* A Location names the whole path; the prefix must not come twice. */
static bool has_prefix(const struct strbuf *target, const char *prefix)
{
	const char *text = strbuf_text(target);
	return text_starts_with(text, prefix) && strchr("/?", text[strlen(prefix)]);
}

/* Of every request with a body: printf would take as long as the rest of it. */
static void write_length(struct strbuf *message, size_t length)
{
	static const char name[] = "Content-Length: ";
	char line[sizeof name + 24];
	char *at = line + sizeof line;
	*--at = '\n';
	*--at = '\r';
	do {
		*--at = (char)('0' + length % 10);
		length /= 10;
	} while (length > 0);
	at -= sizeof name - 1;
	memcpy(at, name, sizeof name - 1);
	strbuf_append(message, at, (size_t)(line + sizeof line - at));
}

static void write_message(const struct planned_request *planned, struct user_state *user,
			  struct rendered_request *rendered, struct strbuf *message)
{
	request_render(planned->request, user, rendered);
	strbuf_clear(message);
	strbuf_puts(message, planned->start);
	if (planned->captured_target && has_prefix(&rendered->target, planned->prefix))
		message->length -= strlen(planned->prefix);
	strbuf_append(message, strbuf_text(&rendered->target), rendered->target.length);
	strbuf_puts(message, planned->common);
	strbuf_append(message, strbuf_text(&rendered->headers), rendered->headers.length);
	if (rendered->body.length > 0 || planned->sends_length)
		write_length(message, rendered->body.length);
	strbuf_append(message, "\r\n", 2);
	strbuf_append(message, strbuf_text(&rendered->body), rendered->body.length);
}

static void init_step_think(struct planned_request *planned, double scale)
{
	int64_t min_ns, max_ns;
	request_think(planned->request, &min_ns, &max_ns);
	planned->think_min_ns = (int64_t)((double)min_ns * scale);
	planned->think_span_ns = (int64_t)((double)(max_ns - min_ns) * scale);
}

static void init_request(struct planned_request *planned, const struct request *request,
			 const struct scenario *scenario, const struct load_target *target,
			 const struct load_options *options)
{
	struct rendered_request rendered = {0};
	struct user_state user;
	const char *method = request_method(request);
	user_state_init(&user, options->seed, 1);
	request_render(request, &user,
		       &rendered); /* header names are the same in every rendering */
	planned->request = request;
	planned->endpoint = request_endpoint(request);
	planned->timeout_ns = request_timeout_ns(request);
	if (planned->timeout_ns <= 0)
		planned->timeout_ns = scenario->timeout_ns;
	planned->captures = request_captures(request);
	if (planned->captures->n == 0)
		planned->captures = NULL;
	planned->captured_target = request_target_is_captured(request);
	init_step_think(planned, scenario->think_scale);
	planned->answers_head = text_equal(method, "HEAD");
	planned->expects_body = request_expects_body(request);
	planned->sends_length = text_equal(method, "POST") || text_equal(method, "PUT") ||
				text_equal(method, "PATCH");
	planned->prefix = target->prefix ? target->prefix : "";
	planned->start = xasprintf("%s %s", method, planned->prefix);
	planned->common = common_headers(target, options, &rendered.headers);
	if (request_is_fixed(request)) {
		struct strbuf message = {0};
		write_message(planned, &user, &rendered, &message);
		planned->fixed_length = message.length;
		planned->fixed = strbuf_take(&message);
	}
	rendered_request_release(&rendered);
}

static void init_tasks(struct plan *plan, const struct suite *suite,
		       const struct scenario *scenario, const struct load_target *target,
		       const struct load_options *options)
{
	plan->n_tasks = suite->n_tasks;
	plan->tasks = xcalloc(suite->n_tasks + 1, sizeof *plan->tasks);
	for (size_t i = 0; i < suite->n_tasks; i++) {
		const struct task *task = &suite->tasks[i];
		struct planned_task *planned = &plan->tasks[i];
		planned->steps = xcalloc(task->n_requests + 1, sizeof *planned->steps);
		planned->n_steps = task->n_requests;
		planned->captures = task->captures;
		for (size_t k = 0; k < task->n_requests; k++)
			init_request(&planned->steps[k], task->requests[k], scenario, target,
				     options);
	}
}

/* The place of an on_start: task among the profile's, from 1; each is done once. */
static uint8_t add_start(struct planned_profile *planned, const struct planned_task *start)
{
	size_t i = 0;
	while (i < planned->n_starts && planned->starts[i] != start)
		i++;
	if (i == planned->n_starts)
		planned->starts[planned->n_starts++] = start;
	return (uint8_t)(i + 1);
}

static void init_choices(struct plan *plan, const struct suite *suite,
			 struct planned_profile *planned, const struct task_weight *weights,
			 size_t count)
{
	double sum = 0, total = 0;
	for (size_t i = 0; i < count; i++)
		total += weights[i].weight;
	planned->choices = xcalloc(count + 1, sizeof *planned->choices);
	planned->n_choices = count;
	planned->starts = xcalloc(count + 1, sizeof(struct planned_task *));
	for (size_t i = 0; i < count; i++) {
		sum += weights[i].weight;
		planned->choices[i].task = &plan->tasks[weights[i].task - suite->tasks];
		planned->choices[i].up_to = sum / total;
		if (weights[i].on_start)
			planned->choices[i].start =
				add_start(planned,
					  &plan->tasks[weights[i].on_start - suite->tasks]);
	}
}

static void init_profiles(struct plan *plan, const struct suite *suite,
			  const struct scenario *scenario)
{
	plan->n_profile_of = scenario->open ? ARRIVAL_PATTERN : scenario->users;
	plan->profile_of = xcalloc(plan->n_profile_of + 1, sizeof *plan->profile_of);
	plan->n_profiles = scenario->mix ? 1 : suite->n_profiles;
	plan->profiles = xcalloc(plan->n_profiles + 1, sizeof *plan->profiles);
	if (scenario->mix) {
		init_choices(plan, suite, &plan->profiles[0], scenario->mix, scenario->n_mix);
		return;
	}
	suite_assign_profiles(suite, plan->n_profile_of, plan->profile_of);
	for (size_t i = 0; i < suite->n_profiles; i++) {
		const struct profile *profile = &suite->profiles[i];
		struct planned_profile *planned = &plan->profiles[i];
		double low = (double)profile->wait_min_ns * scenario->think_scale;
		double high = (double)profile->wait_max_ns * scenario->think_scale;
		init_choices(plan, suite, planned, profile->tasks, profile->n_tasks);
		planned->wait_min_ns = (int64_t)low;
		planned->wait_span_ns = high > low ? (int64_t)(high - low) : 0;
	}
}

void plan_init(struct plan *plan, const struct suite *suite, const struct scenario *scenario,
	       const struct load_target *target, const struct load_options *options)
{
	memset(plan, 0, sizeof *plan);
	plan->n_captures = suite->n_captures;
	init_tasks(plan, suite, scenario, target, options);
	init_profiles(plan, suite, scenario);
}

void plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_tasks; i++) {
		for (size_t k = 0; k < plan->tasks[i].n_steps; k++) {
			free(plan->tasks[i].steps[k].start);
			free(plan->tasks[i].steps[k].common);
			free(plan->tasks[i].steps[k].fixed);
		}
		free(plan->tasks[i].steps);
	}
	for (size_t i = 0; i < plan->n_profiles; i++) {
		free(plan->profiles[i].choices);
		free(plan->profiles[i].starts);
	}
	free(plan->tasks);
	free(plan->profiles);
	free(plan->profile_of);
	memset(plan, 0, sizeof *plan);
}

const struct planned_choice *plan_draw(const struct planned_profile *profile, struct rng *rng)
{
	double point = rng_double(rng);
	size_t i = 0;
	while (i + 1 < profile->n_choices && point >= profile->choices[i].up_to)
		i++;
	return &profile->choices[i];
}

static int64_t draw_ns(int64_t min_ns, int64_t span_ns, struct rng *rng)
{
	if (span_ns <= 0)
		return min_ns;
	return min_ns + (int64_t)rng_below(rng, (uint64_t)span_ns + 1);
}

int64_t plan_think_ns(const struct planned_profile *profile, struct rng *rng)
{
	return draw_ns(profile->wait_min_ns, profile->wait_span_ns, rng);
}

int64_t plan_step_think_ns(const struct planned_request *request, struct rng *rng)
{
	return draw_ns(request->think_min_ns, request->think_span_ns, rng);
}

struct plan_bytes plan_message(const struct planned_request *planned, struct user_state *user,
			       struct rendered_request *rendered, struct strbuf *message)
{
	if (planned->fixed)
		return (struct plan_bytes){planned->fixed, planned->fixed_length};
	write_message(planned, user, rendered, message);
	return (struct plan_bytes){strbuf_text(message), message->length};
}

/* One block of an A/B comparison against two servers; this program is the server as well. */
#include "perfgate/cli/ab.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/commands.h"
#include "perfgate/cli/parse.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOW_NS (3 * NS_PER_MS)

/* ---- the server: SELF --serve PORT [slow|mortal] ---- */

static const char *manner = "";

static void *answer(void *arg)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	int fd = (int)(intptr_t)arg, one = 1;
	char head[4096];

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	for (int n = 0; recv(fd, head, sizeof head, 0) > 0; n++) {
		if (text_equal(manner, "slow"))
			nanosleep(&(struct timespec){.tv_nsec = SLOW_NS}, NULL);
		if (text_equal(manner, "mortal") && n == 20)
			_exit(7);
		if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static int serve(const char *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, client;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	pthread_t thread;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)
		return 1;
	while ((client = accept(fd, NULL, NULL)) >= 0) {
		if (pthread_create(&thread, NULL, answer, (void *)(intptr_t)client) == 0)
			pthread_detach(thread);
	}
	return 1;
}

/* ---- a session in a folder of its own ---- */

struct ab_case {
	char folder[32];
	struct cli cli;
	struct session session;
};

static int enter(void **state)
{
	struct ab_case *c = xcalloc(1, sizeof *c);
	AUTO_FREE char *self = fs_self_path();
	static const char *const words[] = {"--duration-scale", "0.05"};
	char *argv[ARRAY_SIZE(words)];
	struct error err = ERROR_INIT;
	FILE *file;

	snprintf(c->folder, sizeof c->folder, "/tmp/perfgate-test-XXXXXX");
	if (!mkdtemp(c->folder) || chdir(c->folder) < 0 || !(file = fopen("ci_cd_config.yml", "w")))
		return -1;
	fprintf(file,
		"performance_gates: {max_error_rate: 0.5}\nrequests: [GET /a, GET /b]\n"
		"target: {command: 'exec %s --serve {port}'}\nrun: [smoke]\n",
		self);
	fclose(file);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		argv[i] = xstrdup(words[i]);
	*state = c;
	if (cli_parse(&c->cli, &cmd_check, ARRAY_SIZE(words), argv, &err) ||
	    session_open(&c->session, &c->cli, &err) || session_lock_output(&c->session, &err))
		fail_msg("%s", err.message);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		free(argv[i]);
	return 0;
}

static int leave(void **state)
{
	struct ab_case *c = *state;

	session_close(&c->session);
	cli_release(&c->cli);
	if (chdir("/") < 0 || fs_remove_tree(c->folder, NULL) < 0)
		return -1;
	free(c);
	return 0;
}

static double p50_ms(const struct ab_record *record, enum ab_side side)
{
	const struct ab_side_record *figures = &record->side[side];
	double value;

	ab_side_figure(figures, figures->n_endpoints, METRIC_P50, &value);
	return value;
}

static void a_block_measures_both_sides_and_is_recorded(void **state)
{
	struct ab_case *c = *state;
	static const char *const slow[] = {"slow", NULL};
	struct ab_sides sides = {.head_arguments = slow, .record_path = "ab.jsonl"};
	struct error err = ERROR_INIT;
	AUTO(ab) struct ab_session *ab = NULL;
	AUTO(ab_record) struct ab_record record = {0};

	if (ab_open(&c->session, &sides, &ab, &err) || ab_measure_block(ab, &record, &err))
		fail_msg("%s", err.message);
	assert_int_equal(record.block, 1);
	for (int s = 0; s < 2; s++) {
		assert_true(record.side[s].total.requests > 0);
		assert_int_equal(endpoint_errors(&record.side[s].total), 0);
		assert_true(record.side[s].throughput_rps > 0);
	}
	assert_true(p50_ms(&record, AB_HEAD) > 3 &&
		    p50_ms(&record, AB_HEAD) > p50_ms(&record, AB_BASE));
	/* Eight slots and two of throughput, of 25 ms each. */
	assert_true(record.load_s > .2 && record.load_s < .5);
	assert_true(fs_exists("ab.jsonl"));
}

static void the_coin_is_of_its_seed_and_falls_on_both_sides(void **state)
{
	struct ab_case *c = *state;
	struct error err = ERROR_INIT;
	unsigned heads = 0, tries = 0;

	for (uint64_t seed = 0; seed < 6; seed++) {
		bool fell[2];
		uint32_t attempt[2];

		for (int again = 0; again < 2; again++) {
			struct ab_sides sides = {.coin_seed = seed, .first_block = 9};
			AUTO(ab) struct ab_session *ab = NULL;
			AUTO(ab_record) struct ab_record record = {0};

			c->session.settings->ab_restart = AB_RESTART_NEVER;
			if (ab_open(&c->session, &sides, &ab, &err) ||
			    ab_measure_block(ab, &record, &err))
				fail_msg("%s", err.message);
			assert_int_equal(record.block, 9);
			fell[again] = record.head_first;
			attempt[again] = record.attempt;
			tries += record.attempt;
		}
		/* What the machine spoiled has a coin of its own. */
		if (attempt[0] == attempt[1])
			assert_int_equal(fell[0], fell[1]);
		heads += fell[0];
	}
	if (tries == 12)
		assert_true(heads > 0 && heads < 6);
}

static void a_server_that_ends_is_named(void **state)
{
	struct ab_case *c = *state;
	static const char *const mortal[] = {"mortal", NULL};
	struct ab_sides sides = {.head_arguments = mortal};
	struct error err = ERROR_INIT;
	AUTO(ab) struct ab_session *ab = NULL;
	AUTO(ab_record) struct ab_record record = {0};

	assert_int_equal(ab_open(&c->session, &sides, &ab, &err), 0);
	assert_int_equal(ab_measure_block(ab, &record, &err), -1);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	assert_non_null(strstr(err.message, "the head: "));
	assert_non_null(strstr(err.message, "exit status 7"));
}

/* One percentile that its blocks cannot have must not hold up every run. */
static void what_answers_slowly_has_no_primary_tail(void **state)
{
	struct ab_case *c = *state;
	static const struct {
		uint64_t answer_ns;
		bool p50, p95;
	} rows[] = {{100 * NS_PER_US, true, true},
		    {NS_PER_MS, true, false},
		    {NS_PER_S, false, false}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(ab_cells) struct ab_cells cells = {0};
		struct scenario_result *suite = run_add_scenario(c->session.run);

		suite->name = "smoke";
		endpoint_result_init(&suite->total, "total");
		histogram_record(suite->total.latency, rows[i].answer_ns);
		ab_cells_init(&cells, &c->session, ab_slot(&c->session), 1);
		assert_int_equal(cells.items[METRIC_P50].primary, rows[i].p50);
		assert_int_equal(cells.items[METRIC_P95].primary, rows[i].p95);
		assert_true(cells.items[METRIC_THROUGHPUT].primary);
		scenario_result_release(suite);
		c->session.run->n_scenarios--;
	}
}

static void changes_are_written_with_their_sign(void **state)
{
	static const struct {
		enum metric metric;
		double change;
		const char *want;
	} rows[] = {
		{METRIC_P95, .1234, "+12.3 %"},		 {METRIC_P95, -.0004, "+0 %"},
		{METRIC_THROUGHPUT, -.5, "-50 %"},	 {METRIC_P50, 11.27, "+1127 %"},
		{METRIC_ERROR_RATE, .00123, "+0.12 pp"}, {METRIC_CACHE_HIT_RATE, -.05, "-5 pp"},
	};
	AUTO(arena) struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(ab_change_text(&arena, rows[i].metric, rows[i].change),
				    rows[i].want);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && text_equal(argv[1], "--serve")) {
		manner = argc > 3 ? argv[3] : "";
		return serve(argv[2]);
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_block_measures_both_sides_and_is_recorded, enter,
						leave),
		cmocka_unit_test_setup_teardown(the_coin_is_of_its_seed_and_falls_on_both_sides,
						enter, leave),
		cmocka_unit_test_setup_teardown(a_server_that_ends_is_named, enter, leave),
		cmocka_unit_test_setup_teardown(what_answers_slowly_has_no_primary_tail, enter,
						leave),
		cmocka_unit_test(changes_are_written_with_their_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

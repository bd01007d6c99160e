/* OOM-11: libcurl that cannot begin, and one that has no handle for us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/ext/http.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static CURLcode begins;

/* Ours come before the library's. */
CURLcode curl_global_init_mem(long flags, curl_malloc_callback m, curl_free_callback f,
			      curl_realloc_callback r, curl_strdup_callback s,
			      curl_calloc_callback c)
{
	(void)flags;
	assert_true(m && f && r && s && c);
	return begins;
}

CURL *curl_easy_init(void)
{
	return NULL;
}

/* What a request ends with, in a process of its own. */
static int status_of_a_request(int error_fd)
{
	struct exthttp_request request = {.url = "http://127.0.0.1:9/"};
	struct exthttp_response response = {0};
	struct error err = ERROR_INIT;
	pid_t child = fork();
	int status;

	if (child == 0) {
		dup2(error_fd, STDERR_FILENO);
		_exit(exthttp_send(&request, &response, &err) < 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_out_of_memory(CURLcode code)
{
	char said[100] = "";
	int ends[2];

	begins = code;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(status_of_a_request(ends[1]), 70 << 8);
	close(ends[1]);
	assert_true(read(ends[0], said, sizeof said - 1) > 0);
	assert_string_equal(said, "perfgate: error: out of memory\n");
	close(ends[0]);
}

static void a_library_that_cannot_begin_ends_the_program(void **state)
{
	(void)state;
	assert_out_of_memory(CURLE_OUT_OF_MEMORY);
	assert_out_of_memory(CURLE_FAILED_INIT);
}

static void no_handle_ends_the_program(void **state)
{
	(void)state;
	assert_out_of_memory(CURLE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_that_cannot_begin_ends_the_program),
		cmocka_unit_test(no_handle_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "curl.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

/* Once per process; libcurl's own state cannot be handed around. */
static pthread_once_t initialised = PTHREAD_ONCE_INIT;

/* An option that could not be copied would be left out: a proxy switched off, an authority. */
static void initialise(void)
{
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xresize, xstrdup, xcalloc) !=
	    CURLE_OK)
		error_out_of_memory();
}

CURL *extcurl_new(void)
{
	CURL *curl;

	pthread_once(&initialised, initialise);
	curl = curl_easy_init();
	if (curl == NULL)
		error_out_of_memory();
	return curl;
}

static bool is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || text_ends_with(host, ".localhost") ||
	       text_starts_with(host, "127.") || strcmp(host, "::1") == 0;
}

void extcurl_set_common(CURL *curl, const char *host, int64_t timeout_ns)
{
	/* 0 would be no limit at all. */
	int64_t timeout_ms = timeout_ns < NS_PER_MS ? 1 : timeout_ns / NS_PER_MS;

	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* A resolver that is still asking ends by itself: the time limit does not wait for it. */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	/* The empty string switches off the variables too. */
	if (is_loopback(host))
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

void extcurl_set_trust(CURL *curl, bool insecure)
{
	const char *bundle = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");

	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, insecure ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, insecure ? 0L : 2L);
	if (bundle && *bundle)
		curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
	if (folder && *folder)
		curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
}

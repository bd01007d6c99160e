/* What the adapters over libcurl share: initialisation, time limit, trust. */
#ifndef EXT_CURL_H
#define EXT_CURL_H

#include "perfgate/base/mem.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

DEFINE_AUTO(curl, CURL *, curl_easy_cleanup)

/* A handle; out of memory ends the process. */
CURL *extcurl_new(void) __attribute__((returns_nonnull));

/* Time limit over everything, no signals, no netrc, no proxy to a loopback host. */
void extcurl_set_common(CURL *curl, const char *host, int64_t timeout_ns);

/* TLS 1.2 at least; authorities by SSL_CERT_FILE and SSL_CERT_DIR, else the system's. */
void extcurl_set_trust(CURL *curl, bool insecure);

#endif

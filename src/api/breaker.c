#include "perfgate/api/breaker.h"

bool breaker_allows(struct breaker *breaker, int64_t now_ns)
{
	int_fast64_t retry_at_ns =
		atomic_load_explicit(&breaker->retry_at_ns, memory_order_relaxed);

	if (retry_at_ns == 0)
		return true;
	/* Of all who find the pause over, the one that moves it on is the probe. */
	return now_ns >= retry_at_ns &&
	       atomic_compare_exchange_strong(&breaker->retry_at_ns, &retry_at_ns,
					      now_ns + breaker->pause_ns);
}

void breaker_succeeded(struct breaker *breaker)
{
	/* Read first: every hit of the cache comes along here, and a store would share the line. */
	if (atomic_load_explicit(&breaker->failures, memory_order_relaxed))
		atomic_store(&breaker->failures, 0);
	if (breaker_is_open(breaker))
		atomic_store(&breaker->retry_at_ns, 0);
}

void breaker_failed(struct breaker *breaker, int64_t now_ns)
{
	if (breaker_is_open(breaker) ||
	    atomic_fetch_add(&breaker->failures, 1) >= breaker->tolerance)
		atomic_store(&breaker->retry_at_ns, now_ns + breaker->pause_ns);
}

bool breaker_is_open(const struct breaker *breaker)
{
	return atomic_load_explicit(&breaker->retry_at_ns, memory_order_relaxed) != 0;
}

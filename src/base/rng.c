#include "perfgate/base/rng.h"

#include "perfgate/base/clock.h"

#include <sys/random.h>
#include <unistd.h>

static uint64_t rotate_left(uint64_t value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void rng_seed(struct rng *rng, uint64_t seed, uint64_t stream)
{
	uint64_t mixed = seed;

	/* The stream is hashed first: neighbours must not start in overlapping sequences. */
	mixed = splitmix64(&mixed) ^ splitmix64(&stream);
	for (int i = 0; i < 4; i++)
		rng->state[i] = splitmix64(&mixed);
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

double rng_double(struct rng *rng)
{
	return (double)(rng_next(rng) >> 11) * 0x1.0p-53;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)rng_next(rng) * bound;
	uint64_t low = (uint64_t)product;

	if (low < bound) {
		uint64_t threshold = -bound % bound;

		while (low < threshold) {
			product = (wide)rng_next(rng) * bound;
			low = (uint64_t)product;
		}
	}
	return (uint64_t)(product >> 64);
}

uint64_t rng_entropy(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
		return seed;
	seed = (uint64_t)clock_wall_ns() ^ ((uint64_t)getpid() << 40);
	return splitmix64(&seed);
}

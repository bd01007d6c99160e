/* SHA-1 (RFC 3174), for the handshake of RFC 6455 alone: it shows that a WebSocket was meant. */
#include "socket.h"

#include <string.h>

#define BLOCK_BYTES 64

static uint32_t rotate(uint32_t value, int bits)
{
	return value << bits | value >> (32 - bits);
}

static uint32_t mix(size_t round, uint32_t b, uint32_t c, uint32_t d)
{
	if (round < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (round < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (round < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void add_block(uint32_t *state, const unsigned char *block)
{
	uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

	for (size_t i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < 80; i++)
		words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
	for (size_t i = 0; i < 80; i++) {
		uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + words[i];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

void sha1(const void *bytes, size_t length, unsigned char *out)
{
	uint32_t state[] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	unsigned char block[BLOCK_BYTES] = {0};
	const unsigned char *in = bytes;
	uint64_t bits = (uint64_t)length * 8;

	for (; length >= BLOCK_BYTES; in += BLOCK_BYTES, length -= BLOCK_BYTES)
		add_block(state, in);
	memcpy(block, in, length);
	block[length] = 0x80;
	if (length >= BLOCK_BYTES - 8) {
		add_block(state, block);
		memset(block, 0, sizeof block);
	}
	for (size_t i = 0; i < 8; i++)
		block[BLOCK_BYTES - 1 - i] = (unsigned char)(bits >> (8 * i));
	add_block(state, block);
	for (size_t i = 0; i < SHA1_BYTES; i++)
		out[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

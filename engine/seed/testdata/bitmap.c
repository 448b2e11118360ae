// What a program in C makes of the results on its standard input, one a line that begins {"id":"xxxxxxxx-N": how many
// of the numbers below its argument never come, and how many come more than once. See audit_bench_test.go.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
	uint64_t n = argc > 1 ? strtoull(argv[1], 0, 10) : 0, lost = 0, twice = 0;
	uint64_t *once = calloc(n / 64 + 1, 8), *again = calloc(n / 64 + 1, 8);
	static char buf[1 << 20];
	size_t have = 0;
	ssize_t got;
	if (!once || !again) return 1;
	while ((got = read(0, buf + have, sizeof buf - have)) > 0) {
		char *line = buf, *end;
		have += got;
		while ((end = memchr(line, '\n', buf + have - line))) {
			uint64_t id = 0;
			for (char *c = line + 16; *c >= '0' && *c <= '9'; c++) id = 10 * id + (*c - '0');
			if (id < n) {
				uint64_t bit = 1ull << (id & 63);
				again[id / 64] |= once[id / 64] & bit;
				once[id / 64] |= bit;
			}
			line = end + 1;
		}
		have -= line - buf;
		memmove(buf, line, have);
	}
	for (uint64_t i = 0; i < n; i++) {
		lost += !(once[i / 64] >> (i & 63) & 1);
		twice += again[i / 64] >> (i & 63) & 1;
	}
	printf("%llu %llu\n", (unsigned long long)lost, (unsigned long long)twice);
	return 0;
}

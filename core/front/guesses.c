/* SPDX-License-Identifier: Apache-2.0 */
#include "front/guesses.h"

#include <netinet/in.h>
#include <string.h>

static void key_of(uint8_t key[9], const struct sockaddr *address)
{
    memset(key, 0, 9);
    if (!address)
        return;
    if (address->sa_family == AF_INET) {
        key[0] = 4;
        memcpy(key + 1, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(ipv6);
        key[0] = mapped ? 4 : 6;
        memcpy(key + 1, ipv6->s6_addr + (mapped ? 12 : 0), mapped ? 4 : 8);
    }
}

static struct guesses_bucket *find(struct guesses *guesses, const uint8_t key[9])
{
    struct guesses_bucket *oldest = &guesses->table[0];
    for (size_t i = 0; i < GUESS_ADDRESSES_MAX; i++) {
        struct guesses_bucket *bucket = &guesses->table[i];
        if (bucket->empty_at_ms != 0 && memcmp(bucket->address, key, 9) == 0)
            return bucket;
        if (bucket->empty_at_ms < oldest->empty_at_ms)
            oldest = bucket;
    }
    memcpy(oldest->address, key, 9);
    oldest->empty_at_ms = 0;
    return oldest;
}

/* When all tries would be back after one more; the bucket is a moment in the future, as in GCRA. */
static int64_t after_one(int64_t at_ms, int64_t now_ms, int64_t each_ms)
{
    return (at_ms > now_ms ? at_ms : now_ms) + each_ms;
}

bool guesses_take(struct guesses *guesses, const struct sockaddr *address, int64_t now_ms)
{
    uint8_t key[9];
    key_of(key, address);
    int64_t all_ms = after_one(guesses->all_at_ms, now_ms, GUESS_ALL_MS);
    if (all_ms - now_ms > (int64_t)GUESS_ALL_BURST * GUESS_ALL_MS)
        return false; /* before the table: a flood of addresses must not push out who has guessed */
    struct guesses_bucket *bucket = find(guesses, key);
    int64_t own_ms = after_one(bucket->empty_at_ms, now_ms, GUESS_ADDRESS_MS);
    if (own_ms - now_ms > (int64_t)GUESS_ADDRESS_BURST * GUESS_ADDRESS_MS)
        return false;
    bucket->empty_at_ms = own_ms;
    guesses->all_at_ms = all_ms;
    return true;
}

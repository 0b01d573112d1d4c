/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file collector.h
 * The whole interface between minotor and a collector plugin.
 *
 * A collector is one shared object that exports one function, minotor_collector(), and links nothing of
 * minotor. Everything that it needs from its host arrives as a table of functions. A worker process of its
 * own, already confined, loads it, so a collector may block until its deadline and may crash: it hurts no one
 * else. It is always called from one thread.
 *
 * A collector must not fork, exec, start threads, call exit(), change signal handlers, the locale, the
 * environment or the working directory, and must not write to descriptors that it did not open.
 *
 * ABI changelog
 *   1.0  first release
 *
 * Rules of change: new members are appended at the end of a structure, whose size tells both sides what
 * exists, and raise MINOTOR_ABI_MINOR. Anything else raises MINOTOR_ABI_MAJOR. A collector loads when its
 * major number equals the host's and its minor number is not newer than the host's.
 */
#ifndef MINOTOR_COLLECTOR_H
#define MINOTOR_COLLECTOR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MINOTOR_ABI_MAJOR 1
#define MINOTOR_ABI_MINOR 0

/** First bytes of every descriptor, after its size: "Mntr". */
#define MINOTOR_MAGIC 0x72746e4dU

/** Most labels that one family can have. Part of the ABI: it is the size of an array. */
#define MINOTOR_LABELS_MAX 8

/** What a call says of itself. Since 1.0. */
enum minotor_result {
    MINOTOR_OK = 0,          /**< it worked; for minotor_next_row(): a row is there */
    MINOTOR_END = 1,         /**< minotor_next_row() only: no more rows, all went well */
    MINOTOR_NOT_READY = 2,   /**< collect(): the source is still starting; no failure, try again next round */
    MINOTOR_NO_DATA = 3,     /**< collect(): this target cannot give these families; they are withdrawn */
    MINOTOR_FAILED = 4,      /**< it did not work; minotor_error() has the text */
    MINOTOR_CANCELLED = 5,   /**< the deadline has passed; return from collect() at once */
    MINOTOR_BAD_SETTING = 6, /**< open(): a setting cannot be used; the slot waits for a new configuration */
};

/** Kinds of family, as in the Prometheus exposition formats. Since 1.0. */
enum minotor_type {
    MINOTOR_GAUGE = 1,   /**< a value that goes up and down */
    MINOTOR_COUNTER = 2, /**< a value that only grows; its name ends in `_total` */
    MINOTOR_INFO = 3,    /**< constant 1, its labels are the information; its name ends in `_info` */
    MINOTOR_UNTYPED = 4, /**< nothing is known of how it moves */
};

/** Levels of minotor_log(). Since 1.0. */
enum minotor_level {
    MINOTOR_ERROR = 1,
    MINOTOR_WARNING = 2,
    MINOTOR_NOTICE = 3,
    MINOTOR_DEBUG = 4,
};

/**
 * One family of samples. All strings live as long as the plugin is loaded.
 * Since 1.0.
 */
struct minotor_family {
    const char *name;                       /**< [a-zA-Z_][a-zA-Z0-9_]*; unique in the collector */
    uint32_t type;                          /**< enum minotor_type */
    uint32_t reserved;                      /**< 0 */
    const char *unit;                       /**< base unit ("seconds", "bytes") that ends the name, or NULL */
    const char *help;                       /**< one sentence in UTF-8 */
    const char *labels[MINOTOR_LABELS_MAX]; /**< label names in the order of their values; rest NULL */
};

/** Types of setting. Since 1.0. */
enum minotor_setting_type {
    MINOTOR_SETTING_INTEGER = 1,  /**< read with minotor_setting_integer() */
    MINOTOR_SETTING_BOOLEAN = 2,  /**< read with minotor_setting_integer(): 0 or 1 */
    MINOTOR_SETTING_DURATION = 3, /**< "250ms", "15s", "5m", "1h"; minotor_setting_integer() gives milliseconds */
    MINOTOR_SETTING_TEXT = 4,     /**< read with minotor_setting_text() */
};

/** The value of this setting is never printed. Since 1.0. */
#define MINOTOR_SETTING_SECRET 1U

/**
 * One setting of the `settings` group in the collector's configuration file.
 * The host refuses unknown names, wrong types and values out of range with file and line.
 * Since 1.0.
 */
struct minotor_setting {
    const char *name;
    uint32_t type;             /**< enum minotor_setting_type */
    uint32_t flags;            /**< 0 or MINOTOR_SETTING_SECRET */
    const char *default_value; /**< as it would be written in the file, without quotes; never NULL */
    int64_t minimum;           /**< smallest integer or milliseconds, shortest text in bytes */
    int64_t maximum;           /**< largest integer or milliseconds, longest text in bytes */
    const char *help;
};

/** Bits of minotor_collector.needs. Since 1.0. */
#define MINOTOR_NEEDS_DATABASE 1U /**< the target's database */
#define MINOTOR_NEEDS_API 2U      /**< the target's HTTP API */

/**
 * A query for both kinds of database. Initialise with MINOTOR_QUERY or with size = sizeof.
 * Since 1.0.
 */
struct minotor_query {
    uint32_t size;
    uint32_t parameter_count;
    const char *name;              /**< a few words for log and status page: "live posts" */
    const char *postgresql;        /**< SQL with $1, $2 ... ; NULL: this engine has no such query */
    const char *mysql;             /**< SQL with ? in order ; NULL likewise */
    const char *const *parameters; /**< values as text; a NULL entry is SQL NULL */
};

/** Bits of minotor_request.flags. Since 1.0. */
#define MINOTOR_REQUEST_TOKEN 1U      /**< with the configured token or login; without, over the local-mode socket */
#define MINOTOR_REQUEST_METRICS 2U    /**< to the listener of Mattermost's own metrics, never with the token */
#define MINOTOR_REQUEST_PRIVILEGED 4U /**< as TOKEN; not sent where there is neither of the three */

/**
 * A GET of the target's HTTP API. Initialise with size = sizeof; 0 in a member asks for its default.
 * Since 1.0.
 */
struct minotor_request {
    uint32_t size;
    uint32_t flags;      /**< MINOTOR_REQUEST_... */
    uint32_t max_bytes;  /**< a larger body is a failure; default 1 MiB, at most 8 MiB */
    uint32_t timeout_ms; /**< default and most: what is left of the round */
    const char *path;    /**< below the site's address: "/api/v4/system/ping"; with a query, if any */
};

/** Most bytes that minotor_state_save() keeps. Part of the ABI. Since 1.0. */
#define MINOTOR_STATE_MAX 2048

/**
 * The connections of minotor to the target's database, those of all its collectors together, in the words of Go's
 * sql.DBStats. Initialise with size = sizeof.
 * Since 1.0.
 */
struct minotor_pool {
    uint32_t size;
    uint32_t max_open; /**< never more than these */
    uint32_t open;     /**< in use, idle, or being closed */
    uint32_t in_use;
    uint32_t idle;
    uint32_t reserved;
    uint64_t wait_count;       /**< how often a collector had to wait for one */
    uint64_t wait_duration_us; /**< and for how long altogether */
    uint64_t closed_max_idle;  /**< closed because another collector waited */
    uint64_t closed_idle_time; /**< closed because nobody used it */
    uint64_t closed_lifetime;  /**< closed because of its age */
};

struct minotor_host;

/**
 * What the host does for a collector. Call it through the wrappers below.
 * `size` tells how much of the table this host has.
 * Since 1.0.
 */
struct minotor_host {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    void (*log)(const struct minotor_host *host, int level, const char *text);
    int64_t (*now_ms)(const struct minotor_host *host);
    int64_t (*remaining_ms)(const struct minotor_host *host);
    int (*setting_integer)(const struct minotor_host *host, const char *name, int64_t *value);
    const char *(*setting_text)(const struct minotor_host *host, const char *name);
    int (*emit_u64)(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                    uint32_t label_count, uint64_t value);
    int (*emit_f64)(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                    uint32_t label_count, double value);
    void (*unknown)(const struct minotor_host *host, uint32_t family, const char *reason);
    void (*set_error)(const struct minotor_host *host, const char *text);
    const char *(*error)(const struct minotor_host *host);
    int (*query)(const struct minotor_host *host, const struct minotor_query *query);
    int (*next_row)(const struct minotor_host *host);
    const char *(*cell)(const struct minotor_host *host, uint32_t column);
    int (*http)(const struct minotor_host *host, const struct minotor_request *request, int *status);
    const char *(*http_header)(const struct minotor_host *host, const char *name);
    const char *(*http_body)(const struct minotor_host *host, size_t *size);
    int64_t (*http_duration_us)(const struct minotor_host *host);
    const char *(*json)(const struct minotor_host *host, const char *pointer);
    uint32_t (*json_count)(const struct minotor_host *host, const char *pointer);
    const char *(*engine)(const struct minotor_host *host);
    const char *(*target)(const struct minotor_host *host, const char *key);
    int (*has)(const struct minotor_host *host, const char *table, const char *column);
    size_t (*state_load)(const struct minotor_host *host, uint32_t version, void *state, size_t size);
    int (*state_save)(const struct minotor_host *host, uint32_t version, const void *state, size_t size);
    int (*pool)(const struct minotor_host *host, struct minotor_pool *pool);
};

/**
 * A collector describes itself with one constant of this type.
 * Since 1.0.
 */
struct minotor_collector {
    uint32_t size;      /**< sizeof(struct minotor_collector) as the collector was compiled */
    uint32_t magic;     /**< MINOTOR_MAGIC */
    uint16_t abi_major; /**< MINOTOR_ABI_MAJOR */
    uint16_t abi_minor; /**< MINOTOR_ABI_MINOR */
    uint32_t needs;     /**< MINOTOR_NEEDS_... */

    const char *name;    /**< [a-z][a-z0-9_]*, at most 31 bytes */
    const char *version; /**< the collector's own version */
    const char *summary; /**< one line */
    const char *author;
    const char *license; /**< SPDX expression */

    const struct minotor_family *families;
    uint32_t family_count;
    uint32_t family_size; /**< sizeof(struct minotor_family) */
    const struct minotor_setting *settings;
    uint32_t setting_count;
    uint32_t setting_size; /**< sizeof(struct minotor_setting) */

    /**
     * Called once before the first round. May store its state in *state. NULL: nothing to do.
     * @return MINOTOR_OK, MINOTOR_FAILED or MINOTOR_BAD_SETTING; the latter two after minotor_fail().
     */
    int (*open)(const struct minotor_host *host, void **state);

    /**
     * Called every round. Emits the samples of all families that could be had and calls minotor_unknown() for
     * each family that could not. Must return soon after minotor_remaining_ms() reaches 0.
     * After MINOTOR_OK every family without a sample that is not unknown is empty, that is: withdrawn. A
     * collector that ran out of time may call minotor_unknown() for the rest and return MINOTOR_OK.
     * After MINOTOR_FAILED and MINOTOR_CANCELLED nothing of the round is used.
     * @return MINOTOR_OK, MINOTOR_NOT_READY, MINOTOR_NO_DATA, MINOTOR_FAILED or MINOTOR_CANCELLED.
     */
    int (*collect)(const struct minotor_host *host, void *state);

    /**
     * Called once at an orderly end. Frees what open() made. NULL: nothing to do. Where nothing is to follow,
     * because minotord ends or the collector is configured no more, the worker is killed 0.7 s after it was told to end.
     */
    void (*close)(const struct minotor_host *host, void *state);
};

/** The first members of a descriptor, always the same. Since 1.0. */
#define MINOTOR_DESCRIPTOR                                                                                       \
    sizeof(struct minotor_collector), MINOTOR_MAGIC, MINOTOR_ABI_MAJOR, MINOTOR_ABI_MINOR

#if defined(__GNUC__)
#define MINOTOR_EXPORT __attribute__((visibility("default")))
#define MINOTOR_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define MINOTOR_EXPORT
#define MINOTOR_PRINTF(format_index, first_index)
#endif

/**
 * The one symbol that a collector exports.
 * @return its descriptor, which lives as long as the plugin is loaded.
 */
MINOTOR_EXPORT const struct minotor_collector *minotor_collector(void);

/** Longest text that the printf-like wrappers below can make, in bytes; what is longer is cut. Since 1.0. */
#define MINOTOR_TEXT_MAX 512

/** Logs one line, tagged with the collector's slot. Lines beyond the slot's rate are dropped and counted. Since 1.0. */
MINOTOR_PRINTF(3, 4)
static inline void minotor_log(const struct minotor_host *host, enum minotor_level level, const char *format, ...)
{
    char text[MINOTOR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    host->log(host, level, text);
}

/** Wall clock in milliseconds since the epoch, the unit of Mattermost's own times. Since 1.0. */
static inline int64_t minotor_now_ms(const struct minotor_host *host)
{
    return host->now_ms(host);
}

/** Milliseconds until this round's deadline; 0 when it has passed or outside a round. Since 1.0. */
static inline int64_t minotor_remaining_ms(const struct minotor_host *host)
{
    return host->remaining_ms(host);
}

/** Whether collect() should return now. Since 1.0. */
static inline int minotor_cancelled(const struct minotor_host *host)
{
    return host->remaining_ms(host) == 0;
}

/**
 * Value of a declared setting of type integer, boolean or duration (in milliseconds).
 * The host has checked type and range before open(). An undeclared name gives 0 and one line in the log.
 * Since 1.0.
 */
static inline int64_t minotor_setting_integer(const struct minotor_host *host, const char *name)
{
    int64_t value = 0;
    host->setting_integer(host, name, &value);
    return value;
}

/** Value of a declared setting of type text; valid until close(). An undeclared name gives "". Since 1.0. */
static inline const char *minotor_setting_text(const struct minotor_host *host, const char *name)
{
    return host->setting_text(host, name);
}

/**
 * Emits one sample with a whole number, exactly.
 * @param family        index in the descriptor's table of families
 * @param label_values  as many UTF-8 strings as the family has labels; copied. NULL when it has none.
 * @return MINOTOR_OK, or MINOTOR_FAILED when the sample was refused (unknown family, wrong number of labels,
 *         the same labels twice in a round, a limit); the refusal is counted and logged by the host, so a
 *         collector may ignore it. Invalid UTF-8 is replaced by U+FFFD.
 * Since 1.0.
 */
static inline int minotor_emit_u64(const struct minotor_host *host, uint32_t family,
                                   const char *const *label_values, uint32_t label_count, uint64_t value)
{
    return host->emit_u64(host, family, label_values, label_count, value);
}

/** The same with a floating point number; NaN and the infinities are allowed, except in counters. Since 1.0. */
static inline int minotor_emit_f64(const struct minotor_host *host, uint32_t family,
                                   const char *const *label_values, uint32_t label_count, double value)
{
    return host->emit_f64(host, family, label_values, label_count, value);
}

/** Emits the only sample of a family without labels. Since 1.0. */
static inline int minotor_set_u64(const struct minotor_host *host, uint32_t family, uint64_t value)
{
    return host->emit_u64(host, family, NULL, 0, value);
}

/** Emits the only sample of a family without labels. Since 1.0. */
static inline int minotor_set_f64(const struct minotor_host *host, uint32_t family, double value)
{
    return host->emit_f64(host, family, NULL, 0, value);
}

/** Emits a sample of a family with one label. Since 1.0. */
static inline int minotor_label_u64(const struct minotor_host *host, uint32_t family, const char *label_value,
                                    uint64_t value)
{
    return host->emit_u64(host, family, &label_value, 1, value);
}

/** Emits a sample of a family with one label. Since 1.0. */
static inline int minotor_label_f64(const struct minotor_host *host, uint32_t family, const char *label_value,
                                    double value)
{
    return host->emit_f64(host, family, &label_value, 1, value);
}

/**
 * Says that a family's values could not be had in this round. Samples of it that this round has emitted are
 * dropped; those of an earlier round stay on the page until they are stale.
 * @param reason  one line without secrets; NULL takes minotor_error().
 * Since 1.0.
 */
static inline void minotor_unknown(const struct minotor_host *host, uint32_t family, const char *reason)
{
    host->unknown(host, family, reason);
}

/** Sets the text that minotor_error() gives and returns MINOTOR_FAILED, for `return minotor_fail(...)`. Since 1.0. */
MINOTOR_PRINTF(2, 3)
static inline int minotor_fail(const struct minotor_host *host, const char *format, ...)
{
    char text[MINOTOR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    host->set_error(host, text);
    return MINOTOR_FAILED;
}

/** Why the last call failed: one line, never NULL, valid until the next call of the host. Since 1.0. */
static inline const char *minotor_error(const struct minotor_host *host)
{
    return host->error(host);
}

/**
 * Sends a query to the target's database, in a read-only transaction that lasts as long as the round.
 * Connecting, timeouts on both sides, cancelling and retries after a lost connection are the host's work.
 * The rows are then read with minotor_next_row(); starting another query drops rows that were not read.
 * @return MINOTOR_OK, MINOTOR_FAILED, MINOTOR_CANCELLED, or MINOTOR_NO_DATA when the query has no text for
 *         this engine. Only with MINOTOR_NEEDS_DATABASE, only inside collect().
 * Since 1.0.
 */
static inline int minotor_query(const struct minotor_host *host, const struct minotor_query *query)
{
    return host->query(host, query);
}

/** Moves to the next row. @return MINOTOR_OK, MINOTOR_END, MINOTOR_FAILED or MINOTOR_CANCELLED. Since 1.0. */
static inline int minotor_next_row(const struct minotor_host *host)
{
    return host->next_row(host);
}

/**
 * A cell of the current row as text in the engine's own spelling; NULL for SQL NULL and for a column that is
 * not there. Valid until the next minotor_next_row() or minotor_query().
 * Since 1.0.
 */
static inline const char *minotor_cell(const struct minotor_host *host, uint32_t column)
{
    return host->cell(host, column);
}

/**
 * Asks the target's HTTP API and waits for the whole answer. Connecting, TLS, the token, logging in and all bounds
 * are the host's work. A redirect is an answer like any other: it is not followed. The answer is kept until the
 * next minotor_http().
 * @param status  set to the answer's HTTP status, which may be anything; 0 when there is no answer. May be NULL.
 * @return MINOTOR_OK when an answer came, MINOTOR_FAILED when none came within the request's bounds or the login
 *         that it needs cannot be had now, MINOTOR_CANCELLED when the round is over, or MINOTOR_NO_DATA when the
 *         request cannot be sent as its flags ask. Only with MINOTOR_NEEDS_API, only inside collect().
 * Since 1.0.
 */
static inline int minotor_http(const struct minotor_host *host, const struct minotor_request *request, int *status)
{
    int ignored = 0;
    return host->http(host, request, status != NULL ? status : &ignored);
}

/** A header of the last answer by its name in any case, the first if there are several; NULL: none. Since 1.0. */
static inline const char *minotor_http_header(const struct minotor_host *host, const char *name)
{
    return host->http_header(host, name);
}

/** The last answer's body, never NULL; a NUL follows it. `size` may be NULL. Since 1.0. */
static inline const char *minotor_http_body(const struct minotor_host *host, size_t *size)
{
    size_t ignored = 0;
    return host->http_body(host, size != NULL ? size : &ignored);
}

/** How long the last minotor_http() took, in microseconds, whatever became of it. Since 1.0. */
static inline int64_t minotor_http_duration_us(const struct minotor_host *host)
{
    return host->http_duration_us(host);
}

/**
 * A value of the last answer's body, read as JSON.
 * @param pointer  RFC 6901: "/status", "/3/plugin_id", "" for the whole
 * @return the text of a string, number, true or false, integers exactly; NULL for null, for arrays and objects,
 *         for what is not there and for a body that is not JSON. Valid until the next minotor_http().
 * Since 1.0.
 */
static inline const char *minotor_json(const struct minotor_host *host, const char *pointer)
{
    return host->json(host, pointer);
}

/** How many elements the array at a pointer has; 0 when there is none. Since 1.0. */
static inline uint32_t minotor_json_count(const struct minotor_host *host, const char *pointer)
{
    return host->json_count(host, pointer);
}

/** What kind of database the target has: "postgresql", "mysql" (also for MariaDB), or "" for none. Since 1.0. */
static inline const char *minotor_engine(const struct minotor_host *host)
{
    return host->engine(host);
}

/**
 * What minotor knows of the target, as text; "" for what it does not know. Never a secret. Valid until close().
 * @param key  "database.name", "database.user"; and, where Mattermost's own configuration is read: "site_url",
 *             "metrics.enable" ("true", "false"), "metrics.listen_address", "config_source",
 *             "database.mattermost_user" (the account that Mattermost has there),
 *             "database.max_open_conns", "database.max_idle_conns", "database.conn_max_lifetime_ms",
 *             "database.conn_max_idle_time_ms", "database.replicas" (how many)
 * Since 1.0.
 */
static inline const char *minotor_target(const struct minotor_host *host, const char *key)
{
    return host->target(host, key);
}

/**
 * Whether the target's database has a table or view, or a column of it, that this role may read: schemas differ
 * from version to version, so they are asked and not guessed. Answers are kept as long as the session lasts, so
 * asking again costs nothing. The first time it is a query: rows of the one before that were not read are dropped.
 * @param table   in Mattermost's spelling, "Posts"; with a schema, if need be: "information_schema.INNODB_TRX"
 * @param column  NULL asks for the table only
 * @return MINOTOR_OK when it is there; MINOTOR_NO_DATA when it is not; MINOTOR_FAILED when it is there and may not
 *         be read (minotor_error() names the missing grant; MySQL shows no role what it may not read, so there it
 *         is not there) or nothing could be learned; MINOTOR_CANCELLED.
 *         Only with MINOTOR_NEEDS_DATABASE, only inside collect().
 * Since 1.0.
 */
static inline int minotor_has(const struct minotor_host *host, const char *table, const char *column)
{
    return host->has(host, table, column);
}

/**
 * What was last given to minotor_state_save(), by this worker or by one before it: a new one can go on where one
 * that has crashed stopped, or one that was ended long ago. Its bytes are as they were given, but a collector that
 * can crash can also have saved nonsense: look at them before use.
 * @param version  of the layout; what was saved under another one is not given
 * @return how many bytes were copied to `state`; 0 when there is nothing, or nothing of at most `size` bytes.
 * Since 1.0.
 */
static inline size_t minotor_state_load(const struct minotor_host *host, uint32_t version, void *state, size_t size)
{
    return host->state_load(host, version, state, size);
}

/**
 * Keeps up to MINOTOR_STATE_MAX bytes beyond the worker's death, and beyond an orderly end of minotord: then they
 * are on disk, so they must not contain a secret. They are lost when minotord is killed, and when the configuration
 * gives the target another database. size 0 forgets what was kept.
 * @return MINOTOR_OK, or MINOTOR_FAILED when it is too much or minotord does not listen.
 * Since 1.0.
 */
static inline int minotor_state_save(const struct minotor_host *host, uint32_t version, const void *state,
                                     size_t size)
{
    return host->state_save(host, version, state, size);
}

/**
 * Minotor's own connections to this target's database, as they are now.
 * @return MINOTOR_OK; MINOTOR_FAILED when minotord does not answer. Only inside collect().
 * Since 1.0.
 */
static inline int minotor_pool(const struct minotor_host *host, struct minotor_pool *pool)
{
    return host->pool(host, pool);
}

#ifdef __cplusplus
}
#endif

#endif

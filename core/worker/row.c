/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/row.h"

#include "common/text.h"

/*
 * The row holds secrets of all kinds, so the server takes out what is wanted, and nothing else travels. Keys that
 * are missing are null, as in a file. The other end is mattermost_values.c.
 */
#define ROW_OF(GET)                                                                                              \
    "'SqlSettings', " OBJECT "(" GET("SqlSettings", "DriverName") ", " GET("SqlSettings", "DataSource") ", "      \
    GET("SqlSettings", "DataSourceReplicas") ", " GET("SqlSettings", "MaxOpenConns") ", "                         \
    GET("SqlSettings", "MaxIdleConns") ", " GET("SqlSettings", "ConnMaxLifetimeMilliseconds") ", "                \
    GET("SqlSettings", "ConnMaxIdleTimeMilliseconds") "), "                                                      \
    "'ServiceSettings', " OBJECT "(" GET("ServiceSettings", "SiteURL") ", "                                      \
    GET("ServiceSettings", "ListenAddress") ", " GET("ServiceSettings", "ConnectionSecurity") ", "                \
    GET("ServiceSettings", "EnableLocalMode") ", " GET("ServiceSettings", "LocalModeSocketLocation") "), "        \
    "'MetricsSettings', " OBJECT "(" GET("MetricsSettings", "Enable") ", "                                       \
    GET("MetricsSettings", "ListenAddress") ")"

#define GET_POSTGRESQL(section, key) "'" key "', c -> '" section "' -> '" key "'"
#define GET_MYSQL(section, key) "'" key "', JSON_EXTRACT(Value, '$." section "." key "')"

static const struct minotor_query query = {
    .size = sizeof query,
    .name = "Mattermost's configuration",
#define OBJECT "json_build_object"
    .postgresql = "SELECT " OBJECT "(" ROW_OF(GET_POSTGRESQL) ")"
                  " FROM (SELECT Value::json AS c FROM Configurations WHERE Active) AS active",
#undef OBJECT
#define OBJECT "JSON_OBJECT"
    .mysql = "SELECT " OBJECT "(" ROW_OF(GET_MYSQL) ") FROM Configurations WHERE Active",
#undef OBJECT
};

enum minotor_result row_read(struct database *database, const char **text)
{
    enum minotor_result result = database_query(database, &query);
    if (result == MINOTOR_OK)
        result = database_next_row(database);
    if (result == MINOTOR_OK)
        *text = database_cell(database, 0);
    if (result == MINOTOR_END || (result == MINOTOR_OK && *text == NULL)) {
        text_format(database->error, sizeof database->error, "none of Mattermost's configurations is active");
        result = MINOTOR_FAILED;
    }
    return result;
}

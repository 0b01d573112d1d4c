/* SPDX-License-Identifier: Apache-2.0 */
/* Which format and encoding whom is sent: the headers are those of real clients. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "front/negotiate.h"
#include "tests/tap/cunit_tap.h"

#define TEXT        "text/plain; version=0.0.4; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

static const struct {
    const char *accept;
    const char *type;
} formats[] = {
    {NULL, TEXT},
    {"", TEXT},
    /* Prometheus 2.42 */
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;"
     "q=0.5,*/*;q=0.1", OPENMETRICS},
    /* Prometheus 3 */
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
     "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     OPENMETRICS "; escaping=allow-utf-8"},
    /* ... with native histograms */
    {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
     "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
     "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
     OPENMETRICS "; escaping=allow-utf-8"},
    /* ... told to use text */
    {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.2", TEXT},
    {"application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.2", OPENMETRICS "; escaping=underscores"},
    {"*/*", TEXT}, /* curl */
    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", TEXT}, /* Firefox */
    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
     "application/signed-exchange;v=b3;q=0.7", TEXT}, /* Chromium */
    {"text/html", TEXT},
    {"application/json", TEXT},
    {"text/*", TEXT},
    {"application/*", TEXT},
    /* versions */
    {"application/openmetrics-text", OPENMETRICS},
    {"application/openmetrics-text;version=1.0.0", OPENMETRICS},
    {"application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", OPENMETRICS},
    {"APPLICATION/OpenMetrics-Text;Version=1.0.0", OPENMETRICS},
    {"application/openmetrics-text;version=0.0.1", TEXT},
    {"application/openmetrics-text;version=2.0.0", TEXT},
    {"application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.1", OPENMETRICS},
    {"text/plain;version=1.0.0", TEXT},
    {"text/plain;version=1.0.0,application/openmetrics-text;version=1.0.0;q=0.1", OPENMETRICS},
    {"text/plain", TEXT},
    /* qualities; of equal ones the first wins */
    {"text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0", TEXT},
    {"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4", OPENMETRICS},
    {"text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.501", OPENMETRICS},
    {"application/openmetrics-text;version=1.0.0;q=0,text/plain;q=0.1", TEXT},
    {"application/openmetrics-text;version=1.0.0;q=0", TEXT},
    {"application/openmetrics-text;version=1.0.0;q=0.000", TEXT},
    {"application/openmetrics-text;version=1.0.0;q=0.001", OPENMETRICS},
    {"application/openmetrics-text;version=1.0.0;q=1.001", TEXT},
    {"application/openmetrics-text;version=1.0.0;q=nonsense", TEXT},
    {"application/openmetrics-text;version=1.0.0;q=", TEXT},
    {"application/openmetrics-text;version=1.0.0;q=-1", TEXT},
    {"application/openmetrics-text;version=1.0.0;q", OPENMETRICS},
    /* escaping */
    {"text/plain;version=0.0.4;escaping=dots", TEXT "; escaping=dots"},
    {"text/plain;version=0.0.4;escaping=values", TEXT "; escaping=values"},
    {"text/plain;version=0.0.4;escaping=<script>", TEXT},
    /* garbage */
    {",,,;;;===,,", TEXT},
    {";q=1", TEXT},
    {"\"", TEXT},
    {"\"application/openmetrics-text\"", TEXT},
    {"text/plain;x=\",application/openmetrics-text,\";q=0.5", TEXT},
    {"  application/openmetrics-text ; version=1.0.0 ; q=0.9 , text/plain ; q=0.8 ", OPENMETRICS},
    {"application/openmetrics-text;\\", OPENMETRICS},
};

static void test_format(void)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const char *type = negotiated_content_type(negotiate_format(formats[i].accept));
        if (strcmp(type, formats[i].type) != 0) {
            printf("# %s: %s\n", formats[i].accept, type);
            CU_FAIL("another format");
        }
    }
}

static const struct {
    const char *accept_encoding;
    bool gzip;
} encodings[] = {
    {NULL, false},
    {"", false},
    {"gzip", true}, /* Prometheus */
    {"GZip", true},
    {"x-gzip", true},
    {"deflate, gzip, br, zstd", true}, /* curl, browsers */
    {"identity", false},
    {"identity, gzip", true},
    {"gzip;q=0", false},
    {"gzip;q=0, *", false},
    {"gzip;q=0.5, identity", false},
    {"gzip;q=0.5, identity;q=0.4", true},
    {"gzip;q=1.0, identity;q=0.5, *;q=0", true},
    {"identity;q=0", false}, /* nothing else was asked for: it is sent all the same */
    {"identity;q=0, gzip", true},
    {"identity;q=0, *", true},
    {"*", true},
    {"*;q=0", false},
    {"*;q=0, gzip", true},
    {"br", false},
    {"zstd, br;q=0.9", false},
    {"gzip;q=nonsense", false},
    {"gzipped", false},
    {",, ;q=1,gzip;;;", true},
};

static void test_encoding(void)
{
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
        if (negotiate_gzip(encodings[i].accept_encoding) != encodings[i].gzip) {
            printf("# %s\n", encodings[i].accept_encoding);
            CU_FAIL("another encoding");
        }
}

static CU_TestInfo tests[] = {
    {"the format, by Accept", test_format},
    {"the encoding, by Accept-Encoding", test_encoding},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"negotiate", NULL, NULL, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}

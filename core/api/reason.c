/* SPDX-License-Identifier: Apache-2.0 */
#include "api/reason.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"

/* What libcurl says in other words, or with numbers that change from time to time. */
static const struct known {
    CURLcode code;
    const char *words;
    bool with_system_error;
    bool with_detail;
} known[] = {
    { CURLE_COULDNT_CONNECT, "cannot connect", true, false },
    { CURLE_GOT_NOTHING, "the server closed the connection without an answer", false, false },
    { CURLE_UNSUPPORTED_PROTOCOL, "what came is not HTTP", false, false },
    { CURLE_WEIRD_SERVER_REPLY, "what came is not HTTP", false, false },
    { CURLE_HTTP2, "what came is not HTTP", false, false },
    { CURLE_BAD_CONTENT_ENCODING, "the answer is encoded in a way that was not asked for", false, false },
    { CURLE_PARTIAL_FILE, "the answer ended too early", false, false },
    { CURLE_RECV_ERROR, "the connection was lost", true, false },
    { CURLE_SEND_ERROR, "the connection was lost", true, false },
    { CURLE_FILESIZE_EXCEEDED, "the body of the answer is too large", false, false },
    { CURLE_OUT_OF_MEMORY, "a header of the answer is too large, or there is no memory", false, false },
#if LIBCURL_VERSION_NUM >= 0x080600
    { CURLE_TOO_LARGE, "a header of the answer is too large", false, false },
#endif
    { CURLE_SSL_CACERT_BADFILE, "cannot use the file of trusted certificates", false, false },
    { CURLE_SSL_CONNECT_ERROR, "TLS failed", false, true },
    { CURLE_PEER_FAILED_VERIFICATION, "the server's certificate is not trusted", false, true },
};

void reason_of_code(char *out, size_t out_bytes, int code, const char *detail, long system_error)
{
    char line[256];
    text_one_line(line, sizeof line, detail);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if ((int)known[i].code != code)
            continue;
        bool tells_errno = known[i].with_system_error && system_error != 0;
        const char *more = tells_errno ? strerror((int)system_error) : known[i].with_detail ? line : "";
        text_format(out, out_bytes, "%s%s%s", known[i].words, more[0] != '\0' ? ": " : "", more);
        return;
    }
    text_format(out, out_bytes, "%s", curl_easy_strerror((CURLcode)code));
}

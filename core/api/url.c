/* SPDX-License-Identifier: Apache-2.0 */
#include "api/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract.h"
#include "common/text.h"

static bool is_visible_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= 0x20 || *text >= 0x7f)
            return false;
    return true;
}

/* "." and ".." as a whole segment lead out of the subpath, also in the spelling %2e. */
static bool climbs(const char *path)
{
    while (*path == '/') {
        size_t dots = 0;
        path++;
        while (*path == '.' || strncasecmp(path, "%2e", 3) == 0) {
            path += *path == '.' ? 1 : 3;
            dots++;
        }
        if (dots > 0 && (*path == '/' || *path == '?' || *path == '\0'))
            return true;
        path += strcspn(path, "/?");
    }
    return false;
}

bool url_path_is_good(const char *path)
{
    return path[0] == '/' && strlen(path) <= API_PATH_MAX_BYTES && is_visible_ascii(path) &&
           strchr(path, '#') == NULL && strchr(path, '\\') == NULL && !climbs(path);
}

/* What libcurl finds in the text, or NULL when it has no such part. curl_free() it. */
static char *part(CURLU *url, CURLUPart what, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, what, &text, flags) == CURLUE_OK ? text : NULL;
}

static void take_host(struct url_base *base, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_bracketed = host[0] == '[';
    text_format(base->host, sizeof base->host, "%.*s", (int)(strlen(host) - (is_bracketed ? 2 : 0)),
                host + is_bracketed);
    base->is_name = !is_bracketed && inet_pton(AF_INET, host, address) != 1;
}

static const char *take_parts(struct url_base *base, CURLU *url)
{
    const char *reason = NULL;
    char *scheme = part(url, CURLUPART_SCHEME, 0);
    char *host = part(url, CURLUPART_HOST, 0);
    char *port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    char *path = part(url, CURLUPART_PATH, 0);
    char *query = part(url, CURLUPART_QUERY, 0);
    char *fragment = part(url, CURLUPART_FRAGMENT, 0);
    if (scheme == NULL || host == NULL || port == NULL || path == NULL || host[0] == '\0') {
        reason = "is not of the form http(s)://host[:port][/subpath]";
    } else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        reason = "is neither http nor https";
    } else if (query != NULL || fragment != NULL) {
        reason = "has a query or a fragment; allowed: http(s)://host[:port][/subpath]";
    } else if (strlen(host) > URL_HOST_MAX_BYTES) {
        reason = "has a host of more than 255 bytes";
    } else if (!url_path_is_good(path)) {
        reason = "has a subpath that leads out of itself";
    } else {
        size_t path_bytes = strlen(path);
        while (path_bytes > 0 && path[path_bytes - 1] == '/')
            path_bytes--;
        take_host(base, host);
        base->is_https = strcmp(scheme, "https") == 0;
        base->port = (unsigned)strtoul(port, NULL, 10);
        if (!text_format(base->text, sizeof base->text, "%s://%s:%s%.*s", scheme, host, port, (int)path_bytes, path))
            reason = "is too long";
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    curl_free(fragment);
    return reason;
}

bool url_base_parse(struct url_base *base, const char *text, const char **reason)
{
    memset(base, 0, sizeof *base);
    if (!is_visible_ascii(text) || strstr(text, "://") == NULL) {
        *reason = "is not of the form http(s)://host[:port][/subpath] in plain ASCII";
        return false;
    }
    CURLU *url = curl_url();
    if (url == NULL) {
        *reason = "cannot be read: out of memory";
        return false;
    }
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS |
                                                                CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_USER_NOT_ALLOWED)
        *reason = "has a user or a password; a token is a setting of its own";
    else if (code != CURLUE_OK)
        *reason = "is not of the form http(s)://host[:port][/subpath]";
    else
        *reason = take_parts(base, url);
    curl_url_cleanup(url);
    return *reason == NULL;
}

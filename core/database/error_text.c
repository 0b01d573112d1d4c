/* SPDX-License-Identifier: Apache-2.0 */
#include "database/error_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define LINE_MAX_BYTES 1024

static void clean(char *out, size_t out_bytes, const char *line, const char *secret)
{
    bool leaks = secret[0] != '\0' && strstr(line, secret) != NULL;
    text_one_line(out, out_bytes, leaks ? "(the server's words are withheld: they hold the password)" : line);
}

/* Copies the line at `text` without its end; returns where the next one begins, or NULL. */
static const char *take_line(const char *text, char line[LINE_MAX_BYTES])
{
    size_t size = strcspn(text, "\r\n");
    snprintf(line, LINE_MAX_BYTES, "%.*s", (int)(size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES - 1), text);
    text += size;
    text += strspn(text, "\r\n");
    return *text != '\0' ? text : NULL;
}

void error_text_first_line(char *out, size_t out_bytes, const char *foreign, const char *secret)
{
    char line[LINE_MAX_BYTES];
    take_line(foreign + strspn(foreign, "\r\n"), line);
    clean(out, out_bytes, line, secret);
}

/* What follows the mark, or the text itself when it is not in there. */
static const char *after(const char *text, const char *mark)
{
    const char *found = strstr(text, mark);
    return found != NULL ? found + strlen(mark) : text;
}

void error_text_connect_reason(char *out, size_t out_bytes, const char *foreign, const char *secret)
{
    static const char refused[] = "password authentication failed";
    char line[LINE_MAX_BYTES], best[LINE_MAX_BYTES] = "";
    bool best_is_servers = false;
    for (const char *next = foreign; next != NULL;) {
        next = take_line(next, line);
        bool is_servers = strstr(line, "FATAL:") != NULL;
        if (line[0] == '\t' || best_is_servers || (!is_servers && best[0] != '\0'))
            continue; /* advice, or no better than what we have */
        strcpy(best, line);
        best_is_servers = is_servers;
    }
    const char *reason = after(after(best, " failed: "), "FATAL:");
    reason += strspn(reason, " ");
    if (strncmp(reason, refused, strlen(refused)) == 0)
        text_one_line(out, out_bytes, refused); /* our words by now; the user's name is said elsewhere */
    else
        clean(out, out_bytes, reason[0] != '\0' ? reason : "no reason given", secret);
}

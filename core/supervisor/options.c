/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "common/version.h"

static const char USAGE[] =
    "usage: minotord [--config.file=FILE] [--check[=files]] [--web.listen-address=ADDRESS:PORT]...\n"
    "                [--log.level=error|warning|info|debug] [--log.format=logfmt|json]\n"
    "       minotord --version | --help\n"
    "\n"
    "Exports figures of Mattermost to Prometheus. Runs in the foreground and logs to standard error.\n"
    "  --config.file=FILE      the configuration (" SYSCONFDIR "/minotor.conf)\n"
    "  --check                 reads the configuration and all files it names, lets every collector do one round,\n"
    "                          reports what that gave and what not, and ends\n"
    "  --check=files           leaves out the round: lets collectors take their settings, and asks nobody\n"
    "  --web.listen-address=A  listens there instead of where the configuration says; may be repeated\n"
    "See minotord(8) and minotor.conf(5).\n";

enum option_key {
    OPTION_CONFIG = 256,
    OPTION_CHECK,
    OPTION_LISTEN,
    OPTION_LEVEL,
    OPTION_FORMAT,
    OPTION_VERSION,
    OPTION_HELP,
};

static const struct option OPTIONS[] = {
    {"config.file", required_argument, NULL, OPTION_CONFIG},
    {"check", optional_argument, NULL, OPTION_CHECK},
    {"web.listen-address", required_argument, NULL, OPTION_LISTEN},
    {"log.level", required_argument, NULL, OPTION_LEVEL},
    {"log.format", required_argument, NULL, OPTION_FORMAT},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static int refuse(const char *option, const char *found, const char *allowed)
{
    fprintf(stderr, "minotord: --%s is \"%s\"; allowed is %s\n", option, found, allowed);
    return MINOTORD_USAGE;
}

/* Children live in another folder, and a message should name a file wherever it is read. */
static int set_config_path(struct options *options, const char *path)
{
    char here[CONFIG_PATH_BYTES] = "";
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
        return refuse("config.file", path, "a path below a folder that exists");
    if (!text_format(options->config_path, sizeof options->config_path, "%s%s%s", here,
                     here[0] == '\0' ? "" : "/", path))
        return refuse("config.file", path, "a shorter path");
    return -1;
}

static int add_listen(struct options *options, const char *text)
{
    struct listener_address address;
    if (strlen(text) >= LISTENER_TEXT_BYTES || listener_parse(text, &address) != 0)
        return refuse("web.listen-address", text, "ADDRESS:PORT, [IPv6 ADDRESS]:PORT or :PORT");
    if (options->overrides.listen_count == LISTENERS_MAX)
        return refuse("web.listen-address", text, "only so many addresses as a configuration may have");
    options->overrides.listen[options->overrides.listen_count++] = text;
    return -1;
}

static int set_level(struct options *options, const char *word)
{
    enum log_level level;
    if (log_level_parse(word, &level) != 0)
        return refuse("log.level", word, "error, warning, info or debug");
    options->overrides.log_level = word;
    return -1;
}

static int set_format(struct options *options, const char *word)
{
    enum log_format format;
    if (config_parse_log_format(word, &format) != 0)
        return refuse("log.format", word, "logfmt or json");
    options->overrides.log_format = word;
    return -1;
}

static int take_option(struct options *options, int option)
{
    switch (option) {
    case OPTION_CONFIG:
        return set_config_path(options, optarg);
    case OPTION_CHECK:
        options->check = true;
        if (optarg != NULL && strcmp(optarg, "files") != 0)
            return refuse("check", optarg, "files, or nothing");
        options->check_files = optarg != NULL;
        return -1;
    case OPTION_LISTEN:
        return add_listen(options, optarg);
    case OPTION_LEVEL:
        return set_level(options, optarg);
    case OPTION_FORMAT:
        return set_format(options, optarg);
    case OPTION_VERSION:
        printf("minotord %s (revision %s)\n", MINOTOR_VERSION, MINOTOR_REVISION);
        return MINOTORD_OK;
    case OPTION_HELP:
        fputs(USAGE, stdout);
        return MINOTORD_OK;
    default: /* getopt has said what is wrong */
        fputs("minotord: --help lists what is allowed\n", stderr);
        return MINOTORD_USAGE;
    }
}

int options_parse(struct options *options, int argument_count, char **arguments)
{
    int status = -1;
    int option;
    memset(options, 0, sizeof *options);
    set_config_path(options, SYSCONFDIR "/minotor.conf");
    while (status < 0 && (option = getopt_long(argument_count, arguments, "", OPTIONS, NULL)) != -1)
        status = take_option(options, option);
    if (status < 0 && optind < argument_count) {
        fprintf(stderr, "minotord: \"%s\" is no option; --help lists what is allowed\n", arguments[optind]);
        status = MINOTORD_USAGE;
    }
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What collectors keep beyond minotord's life: what was written is read back once, and nothing else is
 * believed. */
#include "tests/tap/cunit_tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/state_file.h"

static char folder[] = "/tmp/minotor-test-XXXXXX";
static char path[sizeof folder + 16];
static char new_path[sizeof path + 8];
static char fault[LOG_LINE_MAX_BYTES];
static struct state_record records[SLOTS_MAX];
static struct state_record taken[SLOTS_MAX];

static int make_folder(void)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/state", folder);
    snprintf(new_path, sizeof new_path, "%s.new", path);
    return 0;
}

static int remove_folder(void)
{
    return rmdir(folder);
}

static struct state_record record_of(const char *collector, size_t size)
{
    struct state_record record;
    memset(&record, 0, sizeof record);
    snprintf(record.collector, sizeof record.collector, "%s", collector);
    snprintf(record.target, sizeof record.target, "mattermost");
    record.place = 0x0123456789abcdef;
    record.state.version = 7;
    record.state.size = (uint16_t)size;
    for (size_t i = 0; i < size; i++)
        record.state.bytes[i] = (uint8_t)(i * 7);
    record.state.checksum = control_state_checksum(&record.state);
    return record;
}

static bool same(const struct state_record *one, const struct state_record *other)
{
    return memcmp(one, other, sizeof *one) == 0;
}

/* ---- records */

static void test_records_come_back(void)
{
    static const size_t sizes[] = {1, 2, 100, STATE_MAX_BYTES};
    uint8_t bytes[STATE_RECORD_BYTES];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct state_record record = record_of("a_name_that_has_31_bytes_exactl", sizes[i]);
        memcpy(record.target, record.collector, sizeof record.target);
        state_record_encode(&record, bytes);
        CU_ASSERT_EQUAL(state_record_decode(bytes, sizeof bytes, &taken[0]), STATE_RECORD_OK);
        CU_ASSERT_TRUE(same(&record, &taken[0]));
    }
}

/* Each bit of a record counts, those of its padding too. */
static void test_every_changed_byte_is_seen(void)
{
    uint8_t bytes[STATE_RECORD_BYTES];
    struct state_record record = record_of("kpi", 300);
    state_record_encode(&record, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        for (unsigned bit = 0; bit < 8; bit += 7) {
            bytes[i] ^= (uint8_t)(1 << bit);
            enum state_record_result expected = i < 4   ? STATE_RECORD_FOREIGN
                                                : i < 8 ? STATE_RECORD_VERSION
                                                        : STATE_RECORD_DAMAGED;
            CU_ASSERT_EQUAL(state_record_decode(bytes, sizeof bytes, &taken[0]), expected);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    }
}

static void test_every_cut_is_seen(void)
{
    uint8_t bytes[STATE_RECORD_BYTES];
    struct state_record record = record_of("kpi", STATE_MAX_BYTES);
    state_record_encode(&record, bytes);
    for (size_t size = 0; size < sizeof bytes; size++)
        CU_ASSERT_NOT_EQUAL(state_record_decode(bytes, size, &taken[0]), STATE_RECORD_OK);
}

/* Puts the checksum right again: somebody has made this on purpose. */
static void seal(uint8_t *bytes)
{
    uint64_t sum = wire_checksum(WIRE_CHECKSUM_START, bytes, 8);
    sum = wire_checksum(sum, bytes + 16, STATE_RECORD_BYTES - 16);
    for (unsigned i = 0; i < 8; i++)
        bytes[8 + i] = (uint8_t)(sum >> (8 * i));
}

/* What is sealed is not believed for that: lengths, names, the state's own checksum, zeros at the end. */
static void test_what_was_forged(void)
{
    /* With "kpi" and "mattermost": lengths at 16 and 21, the state's checksum at 45, its length at 53. */
    static const struct {
        size_t offset;
        uint8_t value;
    } FORGERIES[] = {{16, 0},  {16, 32}, {17, 255}, {18, 'K'}, {18, 0}, {21, 31}, {23, '0'}, {45, 0},
                     {53, 0},  {54, 8},  {54, 255}, {55, 0xff}, {58, 1}, {STATE_RECORD_BYTES - 1, 1}};
    uint8_t good[STATE_RECORD_BYTES], bytes[STATE_RECORD_BYTES];
    struct state_record record = record_of("kpi", 3);
    state_record_encode(&record, good);
    for (size_t i = 0; i < sizeof FORGERIES / sizeof FORGERIES[0]; i++) {
        memcpy(bytes, good, sizeof bytes);
        bytes[FORGERIES[i].offset] = FORGERIES[i].value;
        seal(bytes);
        CU_ASSERT_EQUAL(state_record_decode(bytes, sizeof bytes, &taken[0]), STATE_RECORD_DAMAGED);
    }
    seal(good);
    CU_ASSERT_EQUAL(state_record_decode(good, sizeof good, &taken[0]), STATE_RECORD_OK);
}

/* ---- the file */

static bool is_there(const char *name)
{
    struct stat status;
    return lstat(name, &status) == 0;
}

static void write_states(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%u", i);
        records[i] = record_of(name, i + 1);
    }
    CU_ASSERT_TRUE(state_file_write(path, records, count, fault, sizeof fault));
}

static unsigned take(void)
{
    return state_file_take(path, taken, fault, sizeof fault);
}

static void put_bytes(const void *bytes, size_t size)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CU_ASSERT_FATAL(descriptor >= 0);
    CU_ASSERT_EQUAL(write(descriptor, bytes, size), (ssize_t)size);
    close(descriptor);
}

static void test_a_file_is_taken_once(void)
{
    struct stat status;
    static const unsigned counts[] = {1, 2, SLOTS_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        mode_t mask = umask(0);
        write_states(counts[i]);
        umask(mask);
        CU_ASSERT_EQUAL(stat(path, &status), 0);
        CU_ASSERT_EQUAL(status.st_mode, S_IFREG | 0600);
        CU_ASSERT_FALSE(is_there(new_path));
        CU_ASSERT_EQUAL(take(), counts[i]);
        CU_ASSERT_STRING_EQUAL(fault, "");
        for (unsigned k = 0; k < counts[i]; k++)
            CU_ASSERT_TRUE(same(&records[k], &taken[k]));
        CU_ASSERT_FALSE(is_there(path));
        CU_ASSERT_EQUAL(take(), 0);
        CU_ASSERT_STRING_EQUAL(fault, "");
    }
}

static void test_a_file_replaces_an_older_one(void)
{
    write_states(3);
    write_states(1);
    CU_ASSERT_EQUAL(take(), 1);
}

static void test_a_bad_record_costs_itself(void)
{
    write_states(3);
    int descriptor = open(path, O_WRONLY);
    CU_ASSERT_EQUAL(pwrite(descriptor, "X", 1, STATE_RECORD_BYTES + 20), 1);
    CU_ASSERT_EQUAL(ftruncate(descriptor, 3 * STATE_RECORD_BYTES + 17), 0);
    close(descriptor);
    CU_ASSERT_EQUAL(take(), 2);
    CU_ASSERT_TRUE(same(&records[0], &taken[0]));
    CU_ASSERT_TRUE(same(&records[2], &taken[1]));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "/state: 2 of the 4 states in it are not used: the first is damaged"));
    CU_ASSERT_FALSE(is_there(path));
}

/* What others have written is neither read nor removed nor replaced. */
static void expect_foreign(const char *words)
{
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, words));
    CU_ASSERT_FALSE(state_file_check(path, fault, sizeof fault));
    CU_ASSERT_FALSE(state_file_write(path, records, 1, fault, sizeof fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "is no state file of minotor"));
    CU_ASSERT_TRUE(is_there(path));
    CU_ASSERT_FALSE(is_there(new_path));
}

static void test_what_is_not_ours(void)
{
    put_bytes("precious", 8);
    expect_foreign("was not written by minotor");
    unlink(path);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", path), 0);
    expect_foreign("is a symbolic link");
    unlink(path);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    expect_foreign("is no regular file");
    unlink(path);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    expect_foreign("is no regular file");
    rmdir(path);
}

/* Not believed, and replaced when the time comes. */
static void test_what_cannot_be_trusted(void)
{
    static const mode_t modes[] = {0601, 0604, 0620, 0640};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_states(2);
        CU_ASSERT_EQUAL(chmod(path, modes[i]), 0);
        CU_ASSERT_EQUAL(take(), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault, "mode 0600"));
        write_states(1);
        CU_ASSERT_EQUAL(take(), 1);
    }
    write_states(2);
    CU_ASSERT_EQUAL(truncate(path, STATE_FILE_MAX_BYTES + 1), 0);
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "is larger than"));
    write_states(1);
    CU_ASSERT_EQUAL(take(), 1);
    if (geteuid() != 0)
        return; /* only root can give a file away */
    write_states(2);
    CU_ASSERT_EQUAL(chown(path, 65534, 65534), 0);
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "another account"));
    write_states(1);
    CU_ASSERT_EQUAL(take(), 1);
}

static void test_an_empty_file(void)
{
    put_bytes("", 0);
    CU_ASSERT_EQUAL(take(), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "is empty"));
    CU_ASSERT_FALSE(is_there(path));
    put_bytes("", 0);
    write_states(1);
    CU_ASSERT_EQUAL(take(), 1);
}

static void test_a_folder_that_is_not_there(void)
{
    char nowhere[sizeof folder + 32];
    snprintf(nowhere, sizeof nowhere, "%s/nowhere/state", folder);
    CU_ASSERT_EQUAL(state_file_take(nowhere, taken, fault, sizeof fault), 0);
    CU_ASSERT_STRING_EQUAL(fault, "");
    CU_ASSERT_FALSE(state_file_check(nowhere, fault, sizeof fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "nowhere/state: cannot be written"));
    CU_ASSERT_FALSE(state_file_write(nowhere, records, 1, fault, sizeof fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "nowhere/state: cannot be written (No such file"));
    CU_ASSERT_TRUE(state_file_check(path, fault, sizeof fault));
}

/* A disk that is full: what was there before stays, nothing half-written does. */
static void test_a_write_that_fails(void)
{
    CU_ASSERT_FALSE(state_file_write("/dev/full/state", records, 1, fault, sizeof fault));
    write_states(2);
    CU_ASSERT_EQUAL(mkdir(new_path, 0700), 0); /* its name for the meantime is taken */
    CU_ASSERT_FALSE(state_file_write(path, records, 1, fault, sizeof fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "cannot be written"));
    rmdir(new_path);
    CU_ASSERT_EQUAL(take(), 2);
}

int main(void)
{
    static CU_TestInfo record_tests[] = {
        {"records come back", test_records_come_back},
        {"every changed byte is seen", test_every_changed_byte_is_seen},
        {"every cut is seen", test_every_cut_is_seen},
        {"what was forged", test_what_was_forged},
        CU_TEST_INFO_NULL,
    };
    static CU_TestInfo file_tests[] = {
        {"a file is taken once", test_a_file_is_taken_once},
        {"a file replaces an older one", test_a_file_replaces_an_older_one},
        {"a bad record costs itself", test_a_bad_record_costs_itself},
        {"what is not ours", test_what_is_not_ours},
        {"what cannot be trusted", test_what_cannot_be_trusted},
        {"an empty file", test_an_empty_file},
        {"a folder that is not there", test_a_folder_that_is_not_there},
        {"a write that fails", test_a_write_that_fails},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{"record", NULL, NULL, NULL, NULL, record_tests},
                                    {"file", make_folder, remove_folder, NULL, NULL, file_tests},
                                    CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}

// SPDX-License-Identifier: MIT
// URLs: what is read, what is refused in which words, and that no password is ever shown.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/url.h"

static const struct {
    const char *text;
    struct url url;
    const char *printed;
} good[] = {
    {"local:", {.scheme = "local"}, "local:"},
    {"local:/run/bus", {.scheme = "local", .address = "/run/bus"}, "local:/run/bus"},
    {"local:a:b@c//%41", {.scheme = "local", .address = "a:b@c//%41"}, "local:a:b@c//%41"},
    {"local://bus", {.scheme = "local", .address = "//bus"}, "local://bus"},
    {"fifteen-letters://h", {.scheme = "fifteen-letters", .address = "h"}, "fifteen-letters://h"},
    {"mqtt://host", {.scheme = "mqtt", .address = "host"}, "mqtt://host"},
    {"mqtt://host/", {.scheme = "mqtt", .address = "host"}, "mqtt://host"},
    {"mqtts://host:1", {.scheme = "mqtts", .address = "host", .port = 1}, "mqtts://host:1"},
    {"mqtt://10.0.0.1:65535",
     {.scheme = "mqtt", .address = "10.0.0.1", .port = 65535},
     "mqtt://10.0.0.1:65535"},
    {"mqtt://[::1]", {.scheme = "mqtt", .address = "::1"}, "mqtt://[::1]"},
    {"mqtt://[fe80::1]:1883",
     {.scheme = "mqtt", .address = "fe80::1", .port = 1883},
     "mqtt://[fe80::1]:1883"},
    {"mqtt://me@host", {.scheme = "mqtt", .user = "me", .address = "host"}, "mqtt://me@host"},
    {"mqtt://me:secret@host:2",
     {.scheme = "mqtt", .user = "me", .password = "secret", .address = "host", .port = 2},
     "mqtt://me@host:2"},
    {"mqtt://me:se:cr@et@host",
     {.scheme = "mqtt", .user = "me", .password = "se:cr@et", .address = "host"},
     "mqtt://me@host"},
    {"mqtt://m%65:%2f%3A%40@host",
     {.scheme = "mqtt", .user = "me", .password = "/:@", .address = "host"},
     "mqtt://me@host"},
    {"udp://239.1.2.3?iface=eth0",
     {.scheme = "udp", .address = "239.1.2.3", .option_count = 1, .options = {{"iface", "eth0"}}},
     "udp://239.1.2.3?iface=eth0"},
    {"udp://[ff02::7]:7/?iface=eth%300&ttl=",
     {.scheme = "udp",
      .address = "ff02::7",
      .port = 7,
      .option_count = 2,
      .options = {{"iface", "eth00"}, {"ttl", ""}}},
     "udp://[ff02::7]:7?iface=eth00&ttl="},
};

START_TEST(a_url_is_read_and_printed_without_its_password)
{
    struct url url;
    char why[512] = "", printed[512];
    ck_assert_msg(url_parse(good[_i].text, &url, why, sizeof why) == 0, "%s", why);
    ck_assert_str_eq(url.scheme, good[_i].url.scheme);
    ck_assert_str_eq(url.user, good[_i].url.user);
    ck_assert_str_eq(url.password, good[_i].url.password);
    ck_assert_str_eq(url.address, good[_i].url.address);
    ck_assert_int_eq(url.port, good[_i].url.port);
    ck_assert_uint_eq(url.option_count, good[_i].url.option_count);
    for (size_t i = 0; i < url.option_count; i++) {
        ck_assert_str_eq(url.options[i].key, good[_i].url.options[i].key);
        ck_assert_str_eq(url.options[i].value, good[_i].url.options[i].value);
    }
    url_print(&url, printed, sizeof printed);
    ck_assert_str_eq(printed, good[_i].printed);
}
END_TEST

static const struct {
    const char *text, *problem;
} bad[] = {
    {"", "scheme and a colon"},
    {"host", "scheme and a colon"},
    {"://me:secret@host", "scheme and a colon"},
    {"sixteen-letters-://h", "scheme and a colon"},
    {"a-long-user-name:secret@host", "scheme and a colon"},
    {"me:secret@host", "'//' must follow"},
    {"mqtt:me:secret@host", "'//' must follow"},
    {"mqtt:/host", "'//' must follow"},
    {"mqtt://", "host is missing"},
    {"mqtt://:1883", "host is missing"},
    {"mqtt://me:secret@", "host is missing"},
    {"mqtt://[]:1", "host is missing"},
    {"mqtt://[::1", "']' is missing"},
    {"mqtt://[::1]1883", "port must be 1 to 65535"},
    {"mqtt://host:", "port must be 1 to 65535"},
    {"mqtt://host:0", "port must be 1 to 65535"},
    {"mqtt://host:65536", "port must be 1 to 65535"},
    {"mqtt://host:+1", "port must be 1 to 65535"},
    {"mqtt://host:18x", "port must be 1 to 65535"},
    {"mqtt://host:123456", "port must be 1 to 65535"},
    {"mqtt://me:secret@host/topic", "may follow the host"},
    {"mqtt://me:secret@host?", "KEY=VALUE"},
    {"mqtt://me:secret@host?q", "KEY=VALUE"},
    {"mqtt://host?=1", "KEY=VALUE"},
    {"mqtt://host?a=1&", "KEY=VALUE"},
    {"mqtt://host?a=1&b=2&a=3", "stands twice"},
    {"mqtt://host?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9", "too many options"},
    {"mqtt://host?sixteen-letters-=1", "too long"},
    {"mqtt://host?a=%4", "badly written"},
    {"mqtt://host#f", "may follow the host"},
    {"mqtt://me:secret%@host", "badly written"},
    {"mqtt://me:secret%4@host", "badly written"},
    {"mqtt://me:secret%00@host", "badly written"},
    {"mqtt://ho%zzst", "badly written"},
};

START_TEST(a_bad_url_is_refused_in_words_and_no_password_is_shown)
{
    struct url url;
    char why[512] = "";
    ck_assert_int_eq(url_parse(bad[_i].text, &url, why, sizeof why), -1);
    ck_assert_msg(strstr(why, bad[_i].problem) != NULL, "%s: %s", bad[_i].text, why);
    ck_assert_msg(strstr(why, "allowed: local:") != NULL, "%s", why);
    ck_assert_msg(strstr(why, "secret") == NULL, "%s", why);
}
END_TEST

// Each part has room for its size less one.
START_TEST(a_part_that_is_too_long_is_refused)
{
    static const char *const frames[] = {"local:", "mqtt://", "mqtt://%@h", "mqtt://u:%@h",
                                         "udp://h?key=%"};
    static const struct url limits;
    const size_t room[] = {sizeof limits.address, sizeof limits.address, sizeof limits.user,
                           sizeof limits.password, sizeof limits.options[0].value};
    for (size_t excess = 0; excess < 2; excess++) {
        struct url url;
        char text[512], part[300] = "", why[512];
        size_t before = strcspn(frames[_i], "%");
        memset(part, 'x', room[_i] - 1 + excess);
        snprintf(text, sizeof text, "%.*s%s%s", (int)before, frames[_i], part,
                 frames[_i][before] == '%' ? frames[_i] + before + 1 : "");
        ck_assert_int_eq(url_parse(text, &url, why, sizeof why), excess == 0 ? 0 : -1);
        ck_assert(excess == 0 || strstr(why, "too long") != NULL);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url");
    TCase *tests = tcase_create("url");
    tcase_add_loop_test(tests, a_url_is_read_and_printed_without_its_password, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tests, a_bad_url_is_refused_in_words_and_no_password_is_shown, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_loop_test(tests, a_part_that_is_too_long_is_refused, 0, 5);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

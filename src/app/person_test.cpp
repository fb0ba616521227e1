#include "app/person.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mailvigil::app {
namespace {

std::string read(std::string_view text) {
    const Person person = read_person(text);
    return fmt::format("{} | {} | {}",
                       person.who,
                       person.session ? fmt::to_string(*person.session) : "",
                       person.from);
}

TEST(PersonTest, the_long_form_of_a_finding) {
    EXPECT_EQ(read("root, really operator1 (loginuid 1005, session 53, SSH from 198.51.100.99, "
                   "sudo 0 s earlier)"),
              "root (operator1, ssh) | 53 | 198.51.100.99");
    EXPECT_EQ(read("root (loginuid 0, session 57, cron)"), "root (cron) | 57 | ");
    EXPECT_EQ(read("root (loginuid 0)"), "root |  | ");
    EXPECT_EQ(read("hr (loginuid 7, session 1, /usr/sbin/vsftpd from 2001:db8::1)"),
              "hr (vsftpd) | 1 | 2001:db8::1");
    EXPECT_EQ(read("hr (loginuid 7, session 1, service manager)"), "hr (service) | 1 | ");
}

TEST(PersonTest, the_form_of_an_access) {
    EXPECT_EQ(read("root (operator1, ssh 198.51.100.99)"),
              "root (operator1, ssh) |  | 198.51.100.99");
    EXPECT_EQ(read("alice (from 198.51.100.7)"), "alice |  | 198.51.100.7");
    EXPECT_EQ(read("root (operator1, from 198.51.100.7)"), "root (operator1) |  | 198.51.100.7");
    EXPECT_EQ(read("ceo (dovecot)"), "ceo (dovecot) |  | ");
    EXPECT_EQ(read("root (operator1)"), "root (operator1) |  | ");
}

TEST(PersonTest, nobody_logged_in) {
    EXPECT_EQ(read("root (no login, started by /usr/sbin/cron)"), "root (cron) |  | ");
    EXPECT_EQ(read("root (no login)"), "root (no login) |  | ");
    EXPECT_EQ(read("root (no login, started by )"), "root (no login) |  | ");
}

TEST(PersonTest, anything_else_is_a_name) {
    for (const std::string_view text : {"", "A. Berg", "(", ")", "a (b", "hr (loginuid 7"}) {
        EXPECT_EQ(read(text), fmt::format("{} |  | ", text));
    }
    EXPECT_EQ(read("x (loginuid 1, session 99999999999999999999, session , , from )"),
              "x (from ) |  | ");
}

TEST(PersonTest, a_command_is_its_arguments_where_only_those_are_kept) {
    Event event;
    event.reset(EventClass::process_start, {});
    event.set_process_executable("/usr/bin/tar");
    EXPECT_EQ(command_of(event), "/usr/bin/tar");
    const std::string_view args[] = {"tar", "-czf", "/tmp/a b"};
    event.set_process_args(args);
    EXPECT_EQ(command_of(event), "tar -czf '/tmp/a b'");
    event.set_process_command_line("tar of old");
    EXPECT_EQ(command_of(event), "tar of old");
}

TEST(PersonTest, members_of_the_event_know_best) {
    Event event;
    event.reset(EventClass::access, {});
    event.set_user_id(7);
    EXPECT_EQ(who_of(event), "uid 7");
    event.set_user_name("hr");
    event.set_session_id(12);
    event.set_source_ip(*parse_address("192.0.2.44"));
    const Person person = person_of(event);
    EXPECT_EQ(person.who, "hr");
    EXPECT_EQ(person.session, 12);
    EXPECT_EQ(person.from, "192.0.2.44");
}

}  // namespace
}  // namespace mailvigil::app

// RoleTable, ActivationTable, MailExecution, declarations and change windows: each on a process or
// two that a few lines tell.
#include "detect/role.h"

#include <gtest/gtest.h>

#include "detect/activation.h"
#include "detect/declared.h"
#include "detect/event_script_test.h"

namespace mailvigil::detect {

namespace {

using lineage::Process;

/// The process that acted last in the log.
class RoleTest : public ::testing::Test {
  protected:
    const Process& after(const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            for (const Event& event : script_.line(line)) {
                latest_ = lineage_.apply(event);
            }
        }
        return *latest_;
    }

    std::string role(const std::vector<std::string>& lines) {
        const Role* found = shipped_knowledge().roles.role_of(after(lines), lineage_);
        return found == nullptr ? "none" : found->name;
    }

    EventScript script_;
    lineage::Lineage lineage_{shipped_knowledge().interpreters};
    const Process* latest_ = nullptr;
};

TEST_F(RoleTest, a_backup_has_its_role_only_where_nobody_sits) {
    EXPECT_EQ(role({"cron 100 root", "exec 101 100 -- rsync -a /var/mail/ /backup/"}), "backup");
    EXPECT_EQ(role({"ssh 200 ops", "exec 201 200 uid=root -- rsync -a /var/mail/ /x/"}), "none");
}

TEST_F(RoleTest, a_copy_elsewhere_has_no_role) {
    EXPECT_EQ(role({"cron 100 root", "exec 101 100 -- /tmp/rsync -a /var/mail/ /backup/"}), "none");
}

TEST_F(RoleTest, what_a_package_manager_starts_is_its_work_until_a_person_takes_over) {
    EXPECT_EQ(role({"ssh 100 ops",
                    "exec 101 100 uid=root -- apt-get upgrade",
                    "exec 102 101 -- dpkg --configure -a",
                    "exec 103 102 script=/var/lib/dpkg/info/postfix.postinst -- configure",
                    "exec 104 103 -- cp a b"}),
              "package-manager");
    EXPECT_EQ(role({"exec 105 102 -- bash", "exec 106 105 -- cp a b"}), "none");
    EXPECT_EQ(role({"exec 107 102 script=/home/ops/x.sh", "exec 108 107 -- cp a b"}), "none");
}

TEST_F(RoleTest, forbidden_arguments_take_a_role_away) {
    EXPECT_EQ(role({"daemon 10 root /usr/sbin/exim4"}), "exim");
    EXPECT_EQ(role({"ssh 100 ops", "exec 101 100 exe=/usr/sbin/exim4 -- exim -Mvb 1a"}), "none");
}

TEST_F(RoleTest, activation_goes_by_the_name_that_was_called) {
    const ActivationTable& table = shipped_knowledge().activations;
    const Activation* found =
        table.find(after({"ssh 100 ops", "exec 101 100 exe=/usr/sbin/postfix -- postfix reload"}));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->kind, ActivationKind::activate);
    found = table.find(after({"exec 102 100 exe=/usr/sbin/sendmail -- newaliases"}));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->kind, ActivationKind::build);
    EXPECT_EQ(table.find(after({"exec 103 100 exe=/usr/sbin/postfix -- postfix status"})), nullptr);
}

TEST_F(RoleTest, a_mail_daemon_stands_behind_a_shell_of_its_own) {
    const MailExecution& execution = shipped_knowledge().execution;
    EXPECT_EQ(execution.daemon_behind(after({"daemon 10 root /usr/lib/postfix/sbin/local",
                                             "exec 11 10 uid=nobody -- sh -c /opt/x",
                                             "exec 12 11 -- /opt/x"}),
                                      lineage_),
              "/usr/lib/postfix/sbin/local");
    EXPECT_EQ(execution.daemon_behind(after({"exec 13 10 script=/opt/y.sh", "exec 14 13 -- cat"}),
                                      lineage_),
              "");
    EXPECT_TRUE(execution.is_account("www-data"));
    EXPECT_FALSE(execution.is_account("alice"));
}

TEST_F(RoleTest, a_declaration_covers_its_person_time_and_mailboxes_only) {
    const Settings settings = read_settings(
        "declare reason=move by=ops mailboxes=a* programs=/usr/bin/doveadm "
        "from=2026-11-23T01:00:00Z until=2026-11-23T03:00:00Z\n");
    const Process& ops = after({"ssh 100 ops", "exec 101 100 uid=root -- doveadm sync"});
    const Timestamp from = parse_timestamp("2026-11-23T01:00:00Z").value();
    const Timestamp until = parse_timestamp("2026-11-23T03:00:00Z").value();
    const Duration tick(1);
    const auto covers = [&](const Process& process, std::string_view mailbox, Timestamp time) {
        return declared_mailbox(settings, process, lineage_, mailbox, time) != nullptr;
    };
    EXPECT_TRUE(covers(ops, "alice", from));
    EXPECT_TRUE(covers(ops, "alice", until - tick));
    EXPECT_FALSE(covers(ops, "alice", from - tick));
    EXPECT_FALSE(covers(ops, "alice", until));
    EXPECT_FALSE(covers(ops, "bob", from));
    EXPECT_FALSE(covers(after({"exec 102 100 uid=root -- cat x"}), "alice", from));
    EXPECT_FALSE(covers(after({"ssh 200 mallory", "exec 201 200 -- doveadm sync"}), "alice", from));
    EXPECT_EQ(declared_change(settings, ops, lineage_, "/etc/aliases", from), nullptr);
}

TEST(ChangeWindowTest, ends_before_its_end_and_goes_on_over_midnight) {
    // 2026-11-23 is a Monday, bit 1.
    const auto at = [](std::string_view text) { return parse_timestamp(text).value(); };
    const ChangeWindow night{
        .weekdays = 0b10, .from = std::chrono::hours(22), .until = std::chrono::hours(2)};
    EXPECT_TRUE(night.contains(at("2026-11-23T22:00:00Z")));
    EXPECT_TRUE(night.contains(at("2026-11-24T01:59:59Z")));
    EXPECT_FALSE(night.contains(at("2026-11-24T02:00:00Z")));
    EXPECT_FALSE(night.contains(at("2026-11-23T01:00:00Z")));
    EXPECT_FALSE(night.contains(at("2026-11-24T22:00:00Z")));
    const ChangeWindow day{.from = std::chrono::hours(9), .until = std::chrono::hours(10)};
    EXPECT_TRUE(day.contains(at("2026-11-23T09:00:00Z")));
    EXPECT_FALSE(day.contains(at("2026-11-23T10:00:00Z")));
}

}  // namespace

}  // namespace mailvigil::detect

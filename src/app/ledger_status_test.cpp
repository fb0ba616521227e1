// A ledger whose records do not come in the order of what they tell of: what may be pruned, which
// mailboxes lie at a path, what an incident rests on.
#include "app/ledger_status.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "app/incident.h"
#include "app/question.h"
#include "event/event_batch.h"
#include "evidence/ledger.h"

namespace mailvigil::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr Timestamp kDay{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}};

class LedgerStatusTest : public ::testing::Test {
  protected:
    LedgerStatusTest() {
        std::string name = (fs::temp_directory_path() / "mailvigil-status-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = fs::canonical(name).string();
    }

    ~LedgerStatusTest() override { fs::remove_all(path_); }

    void begin() {
        evidence::LedgerOptions options;
        options.background_sealing = false;
        options.segment_bytes = 1;  // a segment is closed at each block
        auto ledger = evidence::Ledger::open(disk_, path_, options, kDay);
        ASSERT_TRUE(ledger);
        ledger_ = std::move(*ledger);
    }

    void access(std::string_view mailbox,
                std::string_view store,
                Timestamp time,
                std::uint64_t incident = 0) {
        Event event;
        event.reset(EventClass::access, time);
        event.set_host_name("mx1");
        event.set_access_mailbox(mailbox);
        event.set_file_path(store);
        event.set_finding_accesses(1);
        if (incident != 0) {
            event.set_finding_incident(incident);
        }
        ASSERT_TRUE(ledger_->append(event, now_));
    }

    EvidenceFolder folder() {
        auto opened = EvidenceFolder::open(disk_, path_);
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }

    evidence::Disk& disk_ = evidence::posix_disk();
    std::string path_;
    std::unique_ptr<evidence::Ledger> ledger_;
    Timestamp now_ = kDay;
};

TEST_F(LedgerStatusTest, what_was_sealed_since_stays_however_old_what_it_tells_of) {
    begin();
    constexpr int kHours = 4;
    std::vector<std::uint64_t> sealed;
    for (int hour = 0; hour < kHours; ++hour) {
        now_ = kDay + hours(hour);
        for (int i = 0; i < 600; ++i) {
            // The newest log was read first, the oldest last.
            access("hr", "/var/mail/hr", kDay - hours(hour * 24));
        }
        sealed.push_back(ledger_->seal(now_)->head.size);
    }
    auto asked = folder();
    EXPECT_EQ(first_sealed_since(asked, kDay - hours(1)).value(), 0U);
    EXPECT_EQ(first_sealed_since(asked, kDay + hours(2)).value(), sealed[1]);
    EXPECT_EQ(first_sealed_since(asked, kDay + hours(2) + Duration(1)).value(), sealed[2]);
    EXPECT_EQ(first_sealed_since(asked, kDay + hours(99)).value(), sealed[3]);
    ASSERT_TRUE(ledger_->close(now_));
    ledger_.reset();
    // Whole segments only: what was sealed at 02:00 and later is all there.
    const auto stays = prune_folder(disk_, path_, sealed[1], "retention", now_);
    ASSERT_TRUE(stays);
    EXPECT_GT(*stays, 0U);
    EXPECT_LE(*stays, sealed[1]);
    EXPECT_GT(*stays + 256, sealed[1]);
    auto left = folder();
    EXPECT_EQ(first_sealed_since(left, kDay).value(), *stays);
    EXPECT_EQ(log_key_of(disk_, left).value().name, status_of(disk_, left)->state.origin);
    EXPECT_GT(status_of(disk_, left)->segments_sealed, 0U);
}

TEST_F(LedgerStatusTest, a_path_ends_where_a_name_ends) {
    begin();
    access("hr", "/var/mail/hr", kDay);
    access("three", "/srv/three/Maildir", kDay);
    access("example", "/srv/vmail/example.com/other", kDay);
    access("other@example.com", "/srv/vmail/example.com/other", kDay);
    ASSERT_TRUE(ledger_->commit());
    auto asked = folder();
    using Names = std::vector<std::string>;
    EXPECT_EQ(mailboxes_at(asked, "/srv/three").value(), Names{"three"});
    EXPECT_EQ(mailboxes_at(asked, "/srv/th").value(), Names{});
    EXPECT_EQ(mailboxes_at(asked, "/var/mail").value(), Names{"hr"});
    EXPECT_EQ(mailboxes_at(asked, "/srv/vmail/example.com").value(),
              (Names{"example", "other@example.com"}));
}

TEST_F(LedgerStatusTest, an_incident_has_the_accesses_that_its_list_does_not_name) {
    begin();
    for (int i = 0; i < 30; ++i) {
        access(fmt::format("user{}", i), "/var/mail", kDay, 1);
    }
    access("user3", "/var/mail", kDay, 2);
    const std::string_view mailboxes[] = {"user0", "user1", "and 28 more"};
    Event finding;
    finding.reset(EventClass::finding, kDay);
    finding.set_host_name("mx1");
    finding.set_finding_incident(1);
    finding.set_finding_mailboxes(mailboxes);
    finding.set_finding_start(kDay);
    finding.set_finding_end(kDay);
    ASSERT_TRUE(ledger_->append(finding, now_));
    ASSERT_TRUE(ledger_->commit());
    auto asked = folder();
    const auto incident = find_incident(asked, 1);
    ASSERT_TRUE(incident);
    const auto records = records_of(asked, *incident);
    ASSERT_TRUE(records);
    EXPECT_EQ(records->accesses.size(), 30U);
}

}  // namespace
}  // namespace mailvigil::app

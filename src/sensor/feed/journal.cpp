// Sessions and units: what sshd, PAM, sudo and the service manager say in the journal.
#include <fmt/format.h>
#include <poll.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>

#include "sensor/feed/roster.h"
#include "sensor/journal_entry.h"
#include "sensor/world.h"

namespace mailvigil::sensor::feed {

namespace {

/// Entries looked at in one go.
constexpr std::size_t kEntriesMax = 4096;
/// Longer messages are cut.
constexpr std::size_t kMessageBytesMax = 16 * 1024;

using Journal = std::unique_ptr<sd_journal, void (*)(sd_journal*)>;

class JournalFeed final : public Feed {
  public:
    JournalFeed(World& world, Journal journal) : world_(world), journal_(std::move(journal)) {}

    [[nodiscard]] int fd() const override { return ::sd_journal_get_fd(journal_.get()); }

    bool drain(EventBatch& batch) override {
        ::sd_journal_process(journal_.get());
        for (std::size_t i = 0; i < kEntriesMax; ++i) {
            if (batch.full()) {
                return true;
            }
            if (::sd_journal_next(journal_.get()) <= 0) {
                return false;
            }
            ++counts_.records;
            JournalEntry entry;
            read(entry);
            counts_.events += give_journal_entry(entry, batch) ? 1 : 0;
        }
        return true;
    }

    [[nodiscard]] FeedCounts counts() const override { return counts_; }

  private:
    void read(JournalEntry& entry) {
        std::uint64_t microseconds = 0;
        ::sd_journal_get_realtime_usec(journal_.get(), &microseconds);
        entry.time = Timestamp(std::chrono::microseconds(microseconds));
        entry.cursor = fmt::format("journal:{}.{:06}:{}",
                                   microseconds / 1'000'000,
                                   microseconds % 1'000'000,
                                   ++world_.sequence);
        const void* field = nullptr;
        std::size_t size = 0;
        ::sd_journal_restart_data(journal_.get());
        while (::sd_journal_enumerate_available_data(journal_.get(), &field, &size) > 0) {
            set_journal_field({static_cast<const char*>(field), std::min(size, kMessageBytesMax)},
                              entry);
        }
    }

    World& world_;
    Journal journal_;
    FeedCounts counts_;
};

Result<std::unique_ptr<Feed>> open(World& world) {
    if (::access("/run/log/journal", R_OK) != 0 && ::access("/var/log/journal", R_OK) != 0) {
        return fail(
            ErrorCode::unsupported,
            "this host keeps no journal: logins and units are known by their processes only");
    }
    sd_journal* opened = nullptr;
    const int error = ::sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (error < 0) {
        return fail(ErrorCode::unsupported,
                    fmt::format("the journal cannot be read: {}", std::strerror(-error)));
    }
    Journal journal(opened, ::sd_journal_close);
    // Facilities auth and authpriv, and the service manager: the rest is not even read.
    ::sd_journal_add_match(opened, "SYSLOG_FACILITY=4", 0);
    ::sd_journal_add_match(opened, "SYSLOG_FACILITY=10", 0);
    ::sd_journal_add_disjunction(opened);
    ::sd_journal_add_match(opened, "_PID=1", 0);
    ::sd_journal_seek_tail(opened);
    ::sd_journal_previous(opened);
    return std::make_unique<JournalFeed>(world, std::move(journal));
}

constexpr Capability kCapabilities[] = {Capability::sessions, Capability::services};

}  // namespace

extern constinit const Sensor journal;
constinit const Sensor journal{.name = "journal",
                               .summary = "logins, sudo and units, from the systemd journal",
                               .capabilities = kCapabilities,
                               .open = open};

}  // namespace mailvigil::sensor::feed

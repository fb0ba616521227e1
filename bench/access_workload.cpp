#include "access_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mailvigil::bench {

namespace {

constexpr std::size_t kLookups = 4'096;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kStart = 1'790'000'000'000 * kMillisecond;
constexpr std::uint64_t kGapMaxMs = 500;  // ten million accesses in a month
// Of a thousand accesses so many are over within the moment in which they began, and of two one
// comes from a login session: 295 bytes of canonical text on average.
constexpr std::uint64_t kMomentaryInThousand = 467;
constexpr std::array<std::string_view, 4> kPrograms = {
    "/usr/lib/dovecot/imap", "/usr/lib/dovecot/lmtp", "/usr/lib/dovecot/pop3", "/usr/bin/mutt"};
constexpr std::array<std::string_view, 4> kClasses = {"read", "read", "change", "list"};

}  // namespace

AccessWorkload::AccessWorkload(std::uint64_t seed) : random_(seed) {
    double sum = 0;
    for (std::uint64_t i = 0; i < kMailboxes; ++i) {
        mailboxes_.push_back(fmt::format("user{:04}", i));
        sum += 1.0 / static_cast<double>(i + 1);
        shares_.push_back(sum);
    }
    for (double& share : shares_) {
        share /= sum;
    }
    for (std::size_t i = 0; i <= kLookups; ++i) {
        const double share = static_cast<double>(i) / static_cast<double>(kLookups);
        from_.push_back(static_cast<std::uint32_t>(
            std::min<std::ptrdiff_t>(std::ranges::lower_bound(shares_, share) - shares_.begin(),
                                     static_cast<std::ptrdiff_t>(kMailboxes - 1))));
    }
    for (int i = 0; i < 100; ++i) {
        users_.push_back(fmt::format("u{:03}", i));
    }
    access_.time = kStart;
}

std::string_view AccessWorkload::mailbox() {
    const double share = static_cast<double>(random_() >> 11U) * 0x1p-53;
    std::size_t i = from_[static_cast<std::size_t>(share * static_cast<double>(kLookups))];
    while (i + 1 < mailboxes_.size() && shares_[i] < share) {
        ++i;
    }
    return mailboxes_[i];
}

const Access& AccessWorkload::next() {
    const std::uint64_t r = random_();
    access_.time += static_cast<std::int64_t>(r % kGapMaxMs) * kMillisecond;
    const std::uint64_t lasts = (r >> 9U) % 10'000;
    const bool momentary = lasts % 1'000 < kMomentaryInThousand;
    access_.end = access_.time + static_cast<std::int64_t>(momentary ? 0 : lasts) * kMillisecond;
    access_.mailbox = mailbox();
    access_.access_class = kClasses[(r >> 24U) % kClasses.size()];
    access_.executable = kPrograms[std::min((r >> 26U) % 8, (r >> 29U) % 4)];
    access_.user = users_[(r >> 32U) % users_.size()];
    access_.pid = 300 + (r >> 40U) % 32'000;
    const std::uint64_t session = (r >> 48U) % 20'000;
    access_.session = session % 2 == 0 ? 0 : session;
    access_.bytes = random_() % 200'000;
    access_.count = 1 + (r >> 60U);
    return access_;
}

void to_event(const Access& access, Event& event) {
    event.reset(EventClass::access, Timestamp(std::chrono::nanoseconds(access.time)));
    if (access.end != access.time) {
        event.set_finding_end(Timestamp(std::chrono::nanoseconds(access.end)));
    }
    event.set_access_mailbox(access.mailbox);
    event.set_access_class(access.access_class);
    event.set_process_executable(access.executable);
    event.set_process_pid(access.pid);
    event.set_user_name(access.user);
    if (access.session != 0) {
        event.set_session_id(access.session);
    }
    event.set_file_size(access.bytes);
    event.set_finding_accesses(access.count);
}

}  // namespace mailvigil::bench

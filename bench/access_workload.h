// AccessWorkload: accesses to mailboxes as a busy mail host has them, always the same, for all the
// stores that evidence_bench compares. About 295 bytes of canonical text each.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"

namespace mailvigil::bench {

constexpr std::uint64_t kMailboxes = 5'000;

struct Access {
    std::int64_t time = 0;  ///< nanoseconds since 1970, whole milliseconds
    std::int64_t end = 0;   ///< the same as time: over at once
    std::string_view mailbox;
    std::string_view access_class;
    std::string_view executable;
    std::string_view user;
    std::uint64_t pid = 0;
    std::uint64_t session = 0;  ///< 0: none
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
};

class AccessWorkload {
  public:
    explicit AccessWorkload(std::uint64_t seed = 1);

    /// Texts live as long as the workload.
    const Access& next();

    /// Some mailbox, as often as the accesses have it (Zipf).
    std::string_view mailbox();

    /// The busiest has rank 0.
    std::string_view mailbox_of_rank(std::size_t rank) const { return mailboxes_[rank]; }

    std::uint64_t random(std::uint64_t below) { return random_() % below; }

  private:
    std::mt19937_64 random_;
    std::vector<std::string> mailboxes_;
    std::vector<double> shares_;       ///< sums of the mailboxes' shares
    std::vector<std::uint32_t> from_;  ///< where to begin to look in shares_
    std::vector<std::string> users_;
    Access access_;
};

/// Texts are borrowed.
void to_event(const Access& access, Event& event);

}  // namespace mailvigil::bench

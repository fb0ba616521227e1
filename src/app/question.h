// Questions to a ledger, beyond what the index answers: routine accesses folded, the mailboxes
// behind a path, what weakens an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/evidence_folder.h"
#include "base/result.h"
#include "base/time.h"
#include "event/event.h"

namespace mailvigil::app {

/// A copy of an evidence::AccessRow that may be kept; several where they were folded.
struct Access {
    std::uint64_t leaf = 0;  ///< of the first one
    Timestamp first{};
    Timestamp last{};
    std::string host;
    std::string mailbox;
    std::string access_class;
    std::string verdict;
    std::string reason;
    std::string who;   ///< without the address
    std::string from;  ///< that address
    std::string executable;
    std::string script;
    std::string store;
    std::optional<std::uint64_t> session;
    std::optional<std::uint64_t> pid;
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> incident;
    std::uint64_t count = 0;
    std::uint64_t folded = 1;  ///< records in it
};

Access keep(const evidence::AccessRow& row);
Access keep(std::uint64_t leaf, const Event& event);

/// What nobody wants to read line by line: accesses of the mail service and the owner.
[[nodiscard]] bool is_routine(const Access& access);

/// Folds routine accesses of one day that differ in time and number only into one. Accesses come
/// and go in order of their first time; at most kWaitingMax wait for their day to end.
class AccessFold {
  public:
    using Visit = std::function<void(const Access&)>;

    static constexpr std::size_t kWaitingMax = 20'000;

    explicit AccessFold(Visit visit) : visit_(std::move(visit)) {}

    void add(Access access);
    /// Gives out what still waits.
    void finish();

  private:
    Visit visit_;
    std::vector<Access> waiting_;
    std::map<std::string, std::size_t> routine_;  ///< what is alike -> where it waits
};

/// How many accesses there were, by verdict.
struct AccessTotals {
    std::uint64_t records = 0;
    std::uint64_t accesses = 0;
    std::map<std::string, std::uint64_t> by_verdict;
    std::uint64_t last_leaf = 0;

    void add(const Access& access);
};

/// Whether one path is the other, or lies below it.
[[nodiscard]] bool paths_touch(std::string_view a, std::string_view b);

/// The mailboxes with a store at, above or below that path. A name says nothing of where a mailbox
/// lies (three is not hr), so every mailbox is asked.
Result<std::vector<std::string>> mailboxes_at(EvidenceFolder& folder, std::string_view path);

/// Gaps of the telemetry that touch a span.
struct Gaps {
    std::uint64_t count = 0;
    std::vector<std::string> told;  ///< the first few, a sentence each
};

inline constexpr std::size_t kGapsToldMax = 3;

Result<Gaps> gaps_within(EvidenceFolder& folder, const evidence::TimeSpan& span);

}  // namespace mailvigil::app

// Access: one process life, one mailbox, one way of touching it; counted, not repeated.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "detect/finding.h"
#include "detect/group.h"
#include "lineage/process.h"

namespace mailvigil::detect::analytic::collection {

enum class AccessClass : std::uint8_t {
    list,    ///< names of folders and messages
    read,    ///< messages, or an index that holds parts of them
    change,  ///< written, renamed, removed
    denied,  ///< tried, and refused
};

std::string_view to_text(AccessClass access_class);

/// What the access is taken for (architecture: "the two answers, as data").
enum class Verdict : std::uint8_t {
    unknown,
    service,
    owner,
    maintenance,
    administration,
    collection
};

std::string_view to_text(Verdict verdict);

struct Access {
    lineage::ProcessRef process;
    std::string mailbox;
    AccessClass access_class = AccessClass::read;
    Verdict verdict = Verdict::unknown;
    std::string reason;
    std::string store;        ///< path of the mailbox
    std::string_view format;  ///< of the store
    std::uint64_t count = 0;
    std::optional<std::uint64_t> bytes;  ///< absent: the source does not count them
    Timestamp first{};
    Timestamp last{};
    std::string first_event;

    /// Who it was then; only where a record is kept.
    struct Who {
        Identity identity;
        std::string description;
    };

    std::unique_ptr<Who> who;
    std::optional<Verdict> part_of;  ///< kind of the collection that it is part of
    GroupKey key;                    ///< of that collection
    std::uint64_t incident = 0;      ///< of that collection; 0: none so far
    bool told = false;
};

class AccessBook {
  public:
    static constexpr std::size_t kAccessesMax = 32'768;

    using Consumer = std::function<void(const Access&)>;

    /// `consumer` gets each access once, when it is complete.
    explicit AccessBook(Consumer consumer) : consumer_(std::move(consumer)) {}

    /// The access that is being counted; `fresh` tells whether this is its first time. Valid until
    /// the next call.
    Access& note(lineage::ProcessRef process,
                 std::string_view mailbox,
                 AccessClass access_class,
                 bool& fresh);

    /// Hands over the accesses of a process that ended, is forgotten, or runs another program now:
    /// what the new program does is judged anew.
    void complete(lineage::ProcessRef process);

    void finish();

    /// The accesses of an open collection that closes are of its incident.
    void assign(const GroupKey& key, Verdict kind, std::uint64_t incident);

  private:
    struct Key {
        lineage::ProcessRef process;
        std::string mailbox;
        AccessClass access_class;

        bool operator==(const Key&) const = default;
    };

    struct Hash {
        std::size_t operator()(const Key& key) const noexcept;
    };

    void tell(Access& access);
    void evict_oldest();

    Consumer consumer_;
    // A list in order of first access and an index into it: completed ones are dropped from the
    // front.
    std::deque<Access> accesses_;
    std::uint64_t front_ = 0;  ///< number of accesses_.front()
    std::unordered_map<Key, std::uint64_t, Hash> index_;
    std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> by_process_;
    Access* latest_ = nullptr;
};

}  // namespace mailvigil::detect::analytic::collection

// What outlives a collection: files that still hold its mail, and how many mailboxes one hand
// opened in a day. Both let a patient reader be seen whose every step alone lies outside
// TimeWindow.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "lineage/process.h"

namespace mailvigil::detect::analytic::collection {

/// How long it is remembered.
inline constexpr Duration kHarvestMemory = std::chrono::hours(24);

/// Where the mail in a file came from.
struct Origin {
    struct Mailbox {
        std::string name;
        std::string store;
        std::string_view software;
    };

    std::uint64_t id = 0;
    std::string by;
    Timestamp time{};
    bool maintenance = false;  ///< a backup made the file, not a suspect
    std::vector<Mailbox> mailboxes;
};

class HeldMail {
  public:
    static constexpr std::size_t kOriginsMax = 512;
    static constexpr std::size_t kMailboxesMax = 256;
    static constexpr std::size_t kFilesMax = 8'192;

    /// A new origin; its id.
    std::uint64_t open(std::string by, bool maintenance, Timestamp time);
    void add_mailbox(std::uint64_t origin,
                     std::string_view name,
                     std::string_view store,
                     std::string_view software);
    /// The file, or what lies below the folder, holds mail of the origin.
    void add_file(std::string_view path, std::uint64_t origin);
    void move_file(std::string_view from, std::string_view to);
    void drop_file(std::string_view path);
    /// The origin of what the file holds; null: none is remembered. Valid until the next call.
    [[nodiscard]] const Origin* find(std::string_view path) const;
    void expire(Timestamp now);

    [[nodiscard]] std::size_t files() const { return files_.size(); }

  private:
    [[nodiscard]] const Origin* origin(std::uint64_t id) const;

    std::deque<Origin> origins_;
    std::uint64_t next_ = 1;
    std::map<std::string, std::uint64_t, std::less<>> files_;
    std::deque<std::string> in_order_;
};

/// Mailboxes of others that one person, or one account where nobody logged in, opened lately.
class HarvestMemory {
  public:
    static constexpr std::size_t kActorsMax = 1'024;
    static constexpr std::size_t kMailboxesMax = 256;

    /// How many different mailboxes it is, within kHarvestMemory, with this one.
    std::size_t note(const lineage::Process& process, std::string_view mailbox, Timestamp time);

  private:
    struct Opened {
        std::string mailbox;
        Timestamp time{};
    };

    /// Login user and, where there is none, the account.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Opened>> actors_;
};

}  // namespace mailvigil::detect::analytic::collection

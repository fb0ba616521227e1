// WrittenBook: files that somebody wrote within the log and that could be run later, by cron, by a
// mail daemon: who planted what then acts without a person behind it.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/strong_id.h"
#include "base/time.h"
#include "lineage/process.h"

namespace mailvigil::detect {

struct Written {
    std::uint32_t session = kUnset;
    lineage::ProcessRef tree{};  ///< where there is no session
    Timestamp time{};
    bool honest = false;  ///< by a package manager, configuration management or a mail service
    std::uint32_t user = 0;
    std::string by{};
};

class WrittenBook {
  public:
    static constexpr std::size_t kFilesMax = 8'192;

    void note(std::string_view path, Written written);

    /// Null: nobody wrote it, or it was so long ago that it was forgotten. Valid until the next
    /// note.
    [[nodiscard]] const Written* find(std::string_view path) const;

  private:
    std::unordered_map<std::string, Written> files_;
    std::deque<std::string> in_order_;
};

}  // namespace mailvigil::detect

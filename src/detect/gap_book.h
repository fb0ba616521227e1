// GapBook: the telemetry gaps of a host, so that each finding can say which of them touch it.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/time.h"
#include "event/event.h"

namespace mailvigil::detect {

class GapBook {
  public:
    static constexpr std::size_t kGapsMax = 256;

    void add(const Event& gap);

    /// The gaps that overlap [start, end], in words.
    [[nodiscard]] std::vector<std::string> touching(Timestamp start, Timestamp end) const;

  private:
    struct Gap {
        std::string reason;
        std::uint64_t lost = 0;
        Timestamp start{};
        Timestamp end{};
    };

    std::deque<Gap> gaps_;
    std::uint64_t forgotten_ = 0;
};

}  // namespace mailvigil::detect

// TextPool: texts by number, so that a row holds a number for each of its texts. The writer's pool
// numbers the rows of the table `text`; a question's own pool numbers what it met in the ledger's
// end.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"

namespace mailvigil::evidence::index {

/// 0 is the empty text, in every pool.
using TextId = std::uint32_t;

/// Numbers from here on are no rows of the index.
inline constexpr TextId kOwnTexts = TextId{1} << 31U;

class TextPool {
  public:
    /// Past that many texts or bytes a pool that may forget() should.
    static constexpr std::size_t kTextsMax = 131'072;
    static constexpr std::size_t kBytesMax = std::size_t{12} << 20U;

    /// `first`: the number of the next text that is new.
    explicit TextPool(TextId first);

    /// The number of `text`, a new one where it is not known.
    TextId id_of(std::string_view text);

    [[nodiscard]] std::string_view text(TextId id) const {
        return id < first_ || id - first_ >= texts_.size() ? std::string_view()
                                                           : texts_[id - first_].text;
    }

    [[nodiscard]] TextId first() const { return first_; }

    [[nodiscard]] TextId next() const { return first_ + static_cast<TextId>(texts_.size()); }

    [[nodiscard]] bool full() const {
        return texts_.size() >= kTextsMax || arena_.bytes() >= kBytesMax;
    }

    /// Forgets all texts, or those below `below`. Their numbers are not given again.
    void forget();
    void forget(TextId below);

  private:
    struct Text {
        std::string_view text;
        std::uint64_t hash = 0;
    };

    void place(TextId id);
    void grow(std::size_t slots);

    std::uint64_t seed_ = 0;
    TextId first_ = 1;
    std::vector<Text> texts_;
    std::vector<TextId> slots_;  ///< open addressing; 0: free
    Arena arena_;
};

}  // namespace mailvigil::evidence::index
